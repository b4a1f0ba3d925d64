"""Every byte of an export, on both databases: rows with all that a cell may need, chosen in several ways."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from viral_assets.context import DELETED, Post, References
from viral_assets.delivery.export_run import export_suggestions
from viral_assets.delivery.export_table import columns_for
from viral_assets.safety.flag import Flag
from viral_assets.store.engine import Database
from viral_assets.store.references import save_references
from viral_assets_tests.delivery.examples import GENERATED, HOUR, TYPES, WINDOW, opportunity, store, suggestion

FORMULA = opportunity(
    tweet_id="11",
    author_id="7",
    author_handle="Mara",
    text="=cmd|' /C calc'!A0\r\n\"two\", three\x07",
    why="-1 of 2",
    flags=(Flag("grief", 0.9, "“passed away”"),),
    suggestions=(
        suggestion("\uff1d1+1", type_name=TYPES[0]),
        suggestion("\u200b@SUM(A1)", type_name=TYPES[1], status="edited", decided_at=GENERATED, decided_by="Ada"),
        suggestion("  +1 from us", type_name=TYPES[2], status="exported"),
        suggestion("no", type_name="joke", status="rejected", decided_at=GENERATED, decided_by="Ada"),
    ),
)
UNKNOWN = opportunity(
    tweet_id="12",
    project="demo",
    created_at=HOUR + timedelta(hours=1, seconds=3),
    author_handle="not a handle",
    author_followers=None,
    views=None,
    total=0.61235,
    label="yellow",
    topic="",
    text="Family 👨\u200d👩\u200d👧, größer\n三",
    suggestions=(suggestion("'quoted'", status="approved", decided_at=GENERATED, decided_by="Ada"),),
)
TOLD = opportunity(
    tweet_id="13",
    author_id="7",
    author_handle="mara",
    created_at=HOUR - timedelta(days=3),
    total=0.3,
    label="red",
    suggestions=(suggestion("Said before.", status="posted", decided_at=HOUR - timedelta(days=2), decided_by="Ada"),),
)
QUOTED = Post("8", "ben", "+1, a chart", ("A chart", "A cat"))
REFERENCES = References("9", "8", ("Me", "You"), (QUOTED, Post("9", state=DELETED)))


WHY = UNKNOWN.why

# What comes after the rank, for a script and for a spreadsheet.
OF_FORMULA: list[Any] = [
    *(78.4, "unplugged", "11", "https://x.com/Mara/status/11", "Mara", 48213, 182440),
    *("=cmd|' /C calc'!A0\r\n\"two\", three\x07", "2026-11-21T20:14:09Z", 0.784, "green", "Kids and phones"),
    "sensitive: grief and death (“passed away”) · -1 of 2",
    *(None, "[a post that was deleted]", "ben", "+1, a chart [pictures: A chart | A cat]", "Me | You", "Said before."),
]
OF_UNKNOWN: list[Any] = [
    *(61.23, "demo", "12", "https://x.com/i/status/12", "not a handle", None, None, UNKNOWN.text),
    *("2026-11-21T21:00:03Z", 0.6123, "yellow", "", WHY, *[None] * 6),
]
OF_TOLD: list[Any] = [
    *(30.0, "unplugged", "13", "https://x.com/mara/status/13", "mara", 48213, 182440, TOLD.text),
    *("2026-11-18T20:00:00Z", 0.3, "red", "Kids and phones", WHY, *[None] * 5, "\u200b@SUM(A1)"),
]
NONE = [None] * 4
JSON_ROWS = {
    "formula": [
        *OF_FORMULA,
        *("\u200b@SUM(A1)", "ask_question", "\uff1d1+1", "add_value", "  +1 from us", "mirror_reframe"),
    ],
    "unknown": [*OF_UNKNOWN, "'quoted'", "add_value", *NONE],
    "refused": [*OF_FORMULA, "no", "joke", *NONE],
    "told": [*OF_TOLD, "Said before.", "add_value", *NONE],
}
CSV_OF_FORMULA = (
    "78.4,unplugged,11,https://x.com/Mara/status/11,Mara,48213,182440,"
    '"\'=cmd|\' /C calc\'!A0\n""two"", three",2026-11-21T20:14:09Z,0.784,green,Kids and phones,'
    "sensitive: grief and death (“passed away”) · -1 of 2,"
    ',[a post that was deleted],ben,"\'+1, a chart [pictures: A chart | A cat]",Me | You,Said before.,'
)
CSV_ROWS = {
    "formula": CSV_OF_FORMULA + "'\u200b@SUM(A1),ask_question,'\uff1d1+1,add_value,'  +1 from us,mirror_reframe",
    "unknown": "61.23,demo,12,https://x.com/i/status/12,not a handle,,,"
    f"\"{UNKNOWN.text}\",2026-11-21T21:00:03Z,0.6123,yellow,,{WHY},,,,,,,'quoted',add_value,,,,",
    "refused": CSV_OF_FORMULA + "no,joke,,,,",
    "told": "30.0,unplugged,13,https://x.com/mara/status/13,mara,48213,182440,"
    f"{TOLD.text},2026-11-18T20:00:00Z,0.3,red,Kids and phones,{WHY},,,,,,'\u200b@SUM(A1),Said before.,add_value,,,,",
}

CHOICES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "all": ({}, ["formula", "unknown"]),
    "a project": ({"project": "demo"}, ["unknown"]),
    "labels": ({"labels": ["green", "red"]}, ["formula"]),
    "hours": ({"window": WINDOW}, ["formula"]),
    "the first": ({"limit": 1}, ["formula"]),
    "statuses": ({"statuses": ["rejected", "posted"]}, ["refused", "told"]),
}


def expected(kind: str, names: list[str]) -> str:
    if kind == "csv":
        return "\n".join(
            [",".join(columns_for(3)), *(f"{at},{CSV_ROWS[name]}" for at, name in enumerate(names, 1)), ""]
        )
    rows = (dict(zip(columns_for(3), (at, *JSON_ROWS[name]), strict=True)) for at, name in enumerate(names, 1))
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_same_bytes_whatever_is_chosen(
    database: Database, tmp_path: Path, choice: str, kind: Literal["csv", "json"]
) -> None:
    with database.begin() as connection:
        store(connection, [FORMULA, UNKNOWN, TOLD])
        save_references(connection, [(FORMULA.tweet_id, HOUR, REFERENCES)])
    chosen, names = CHOICES[choice]
    path = tmp_path / f"out.{kind}"
    export_suggestions(database, path, kind, now=GENERATED, **chosen)
    assert path.read_bytes().decode() == expected(kind, names)
