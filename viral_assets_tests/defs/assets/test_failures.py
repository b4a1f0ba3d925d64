"""Errors of this project in the UI."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from viral_assets.defs.assets.failures import as_dagster_failure
from viral_assets.errors import ServiceUnavailableError, SourceError


@as_dagster_failure
def returning(what: int) -> int:
    if what == 0:
        raise SourceError("the inbox is gone: make it again")
    return 10 // (what - 1)


@as_dagster_failure
def yielding(what: int) -> Iterator[int]:
    yield 1
    if what == 0:
        raise SourceError("the inbox is gone: make it again")


def test_an_error_of_this_project_becomes_a_failure_that_is_not_tried_again() -> None:
    with pytest.raises(dg.Failure) as caught:
        returning(0)
    assert caught.value.description == "the inbox is gone: make it again"
    assert not caught.value.allow_retries
    assert isinstance(caught.value.__cause__, SourceError)


def test_a_service_that_is_down_may_be_asked_once_more() -> None:
    @as_dagster_failure
    def ask() -> None:
        raise ServiceUnavailableError("nobody is there; try again later")

    with pytest.raises(dg.Failure, match="nobody is there") as caught:
        ask()
    assert caught.value.allow_retries


def test_so_it_does_in_the_middle_of_a_generator() -> None:
    results = yielding(0)
    assert next(results) == 1
    with pytest.raises(dg.Failure):
        next(results)


def test_results_and_bugs_pass_through() -> None:
    assert returning(3) == 5
    assert list(yielding(1)) == [1]
    with pytest.raises(ZeroDivisionError):
        returning(1)
