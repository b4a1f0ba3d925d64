"""What may be done with a suggestion in each status."""

from __future__ import annotations

import pytest

from viral_assets.store import suggestion_status
from viral_assets.store.suggestion_status import after, refusal, stands_approved
from viral_assets.store.tables import comment_suggestions
from viral_assets.vocabulary import ACTIONS, STATUSES

COLUMNS = ("approve", "reject", "edit", "export", "post", "reopen")


@pytest.mark.parametrize("line", (suggestion_status.__doc__ or "").splitlines()[6:13])
def test_the_table_in_the_text_is_the_table(line: str) -> None:
    starts = (0, 10, 20, 30, 37, 47, 54)
    cells = [line[start:end].strip() for start, end in zip(starts, (*starts[1:], None), strict=True)]
    name, *reached = cells
    # In the order of the columns.
    assert [
        after(name, action) or "" for action in ("approve", "reject", "edit", "export", "post", "reopen")
    ] == reached


def test_every_status_has_a_line() -> None:
    named = [line.split()[0] for line in (suggestion_status.__doc__ or "").splitlines()[6:13]]
    assert sorted(named) == sorted(STATUSES)


def test_the_database_knows_the_same_statuses() -> None:
    (check,) = [one for one in comment_suggestions.constraints if str(one.name).endswith("status")]
    assert all(f"'{name}'" in str(check.sqltext) for name in STATUSES)  # type: ignore[attr-defined]


def test_every_decision_can_be_taken_back() -> None:
    assert all(after(name, "reopen") == "pending" for name in STATUSES if name != "pending")


def test_no_refusal_is_without_a_reason() -> None:
    for name in STATUSES:
        for action in ACTIONS:
            if after(name, action) is None:
                assert name in refusal(name, action)


def test_what_does_not_exist_is_a_mistake_of_the_caller() -> None:
    for name, action in (("done", "approve"), ("pending", "undo")):
        with pytest.raises(ValueError, match=r"no status .* or no action"):
            after(name, action)


@pytest.mark.parametrize(
    ("name", "decided", "expected"),
    [
        ("pending", False, False),
        ("awaiting", True, False),
        ("approved", True, True),
        ("edited", True, True),
        ("posted", True, True),
        ("rejected", True, False),
        ("exported", True, True),
        ("exported", False, False),
    ],
)
def test_an_export_says_nothing_about_how_good_a_suggestion_is(name: str, decided: bool, expected: bool) -> None:
    assert stands_approved(name, decided=decided) is expected
