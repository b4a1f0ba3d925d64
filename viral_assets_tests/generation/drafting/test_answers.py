"""Answers: everything complete comes out, nothing else does, whatever came."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from viral_assets.generation.drafting import answers
from viral_assets.generation.drafting.answers import ParsedAnswer, parse_answer
from viral_assets.generation.opportunity import Opportunity
from viral_assets.text.cleaning import text_for_storage
from viral_assets_tests.effort import calls_made
from viral_assets_tests.generation.make import TYPES, answer_text, opportunity

IDS = ("1992412345678901230", "1992412345678901231", "17")
ASKED = [opportunity(tweet_id) for tweet_id in IDS]
TEXTS = st.text(min_size=1, max_size=60).filter(lambda text: text_for_storage(text).strip() != "")
TRICKY = st.sampled_from(['{"id": "17", "suggestions": []}', "}]},{", 'say "hi" \\', "```", "a\nb", "{", "\\u0022"])
SUGGESTIONS = st.dictionaries(
    st.sampled_from(IDS), st.dictionaries(st.sampled_from(TYPES), TEXTS | TRICKY, min_size=1), min_size=1
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([*IDS, *TYPES]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "suggestions", "type", "text", *IDS, *TYPES]) | st.text(max_size=4), inner
        )
    ),
    max_leaves=25,
)


def only_asked(parsed: ParsedAnswer, asked: list[Opportunity]) -> bool:
    types = {each.tweet_id: each.suggestion_types for each in asked}
    return all(
        tweet_id in types and kind in types[tweet_id] and type(text) is str and text.strip() != ""
        for tweet_id, texts in parsed.suggestions.items()
        for kind, text in texts.items()
    )


def stored(suggestions: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    return {i: {kind: text.replace("\x00", "") for kind, text in texts.items()} for i, texts in suggestions.items()}


@given(SUGGESTIONS, st.sampled_from([None, 1]), st.booleans())
def test_an_answer_in_the_asked_shape_comes_out_as_it_was_meant(
    suggestions: dict[str, dict[str, str]], indent: int | None, ascii_only: bool
) -> None:
    parsed = parse_answer(answer_text(suggestions, indent=indent, ensure_ascii=ascii_only), ASKED)
    assert parsed.suggestions == stored(suggestions)


@given(SUGGESTIONS, st.data())
def test_complete_suggestions_survive_a_cut_at_any_character(
    suggestions: dict[str, dict[str, str]], data: st.DataObject
) -> None:
    text = answer_text(suggestions)
    cut = data.draw(st.integers(0, len(text)))
    parsed = parse_answer(text[:cut], ASKED)
    for tweet_id, texts in suggestions.items():
        for kind, suggestion in texts.items():
            complete = json.dumps({"type": kind, "text": suggestion})
            end = text.index(complete, text.index(json.dumps({"id": tweet_id})[:-1])) + len(complete)
            expected = stored({"": {"": suggestion}})[""][""] if end <= cut else None
            assert parsed.suggestions.get(tweet_id, {}).get(kind) == expected


@given(SUGGESTIONS, st.data())
def test_a_broken_item_costs_its_neighbours_nothing_and_gives_them_nothing(
    suggestions: dict[str, dict[str, str]], data: st.DataObject
) -> None:
    items = json.loads(answer_text(suggestions))
    bad = data.draw(st.integers(0, len(items) - 1))
    broken = json.dumps(items[bad])
    at = data.draw(st.integers(1, len(broken) - 1))
    # An odd number of quotes would make the rest of the answer part of a string.
    sources = [json.dumps(item) for item in items]
    sources[bad] = broken[:at].replace('"', "'") + broken[at + 1 :].replace('"', "'")
    parsed = parse_answer("[" + ", ".join(sources) + "]", ASKED)
    wanted = stored(suggestions)
    for position, item in enumerate(items):
        if position != bad:
            assert parsed.suggestions.get(item["id"]) == wanted[item["id"]]
        else:
            assert item["id"] not in parsed.suggestions


@given(st.text() | JSON.map(json.dumps) | st.lists(JSON.map(json.dumps)).map("".join))
@example("")
@example("[" * 100_000)
@example('{"a":' * 100_000)
@example('[{"id": "17", "suggestions": ' * 5_000)
@example("1" * 10_000)
@example(f'[{{"id": {"1" * 10_000}, "suggestions": []}}]')
@example('[{"id": "17", "suggestions": [{"type": "add_value", "text": "\\ud800 half"}]}]')
@example('"\\ud800"')
def test_any_text_at_all_is_parsed_without_an_error(text: str) -> None:
    parsed = parse_answer(text, ASKED)
    assert only_asked(parsed, ASKED)
    assert len(parsed.problems) <= 25
    for texts in parsed.suggestions.values():
        for suggestion in texts.values():
            suggestion.encode("utf-8")


class CountingDecoder(json.JSONDecoder):
    """Counts the characters that it looks at, a failure's message included: it counts lines, 32 times faster."""

    read = 0

    def __init__(self) -> None:
        super().__init__(strict=False)

    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        try:
            value, end = super().raw_decode(s, idx)
        except json.JSONDecodeError as error:
            end = len(s) if error.msg.startswith("Unterminated") else error.pos
            self.read += end - idx + end // 32
            raise
        self.read += end - idx
        return value, end


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "{" * 1_000_000,
        '{"a":' * 200_000,
        '{"a":' * 900 + '"b",' * 250_000,
        '{"id":"17","suggestions":[' * 40_000,
        '{"type":"' * 110_000,
        '[{"id": "17", "suggestions": [{"type": "add_value", "text": "' + "x" * 1_000_000,
        '{"x": "' + "{" * 1_000_000,
        "\n{" * 500_000,
    ],
    ids=["braces", "nested", "nested_then_long", "items", "strings", "unterminated", "inside", "lines"],
)
def test_a_crafted_megabyte_is_read_a_few_times_and_not_once_for_each_brace(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = CountingDecoder()
    monkeypatch.setattr(answers, "_DECODER", decoder)

    assert calls_made(lambda: parse_answer(text, ASKED)) <= len(text) / 2
    assert decoder.read <= 10 * len(text)


GOOD = {IDS[0]: {"add_value": "first"}, "17": {"ask_question": "second?"}}


def _named_as(text: str, cased: Callable[[str], str]) -> str:
    """The items with the schema's names in another case."""
    return json.dumps(json.loads(text, object_pairs_hook=lambda pairs: {cased(name): value for name, value in pairs}))


def test_suggestions_of_an_item_that_is_cut_off_are_found_under_names_in_any_case() -> None:
    text = _named_as(answer_text(GOOD), str.capitalize)
    assert parse_answer(text[: text.index("}") + 1], ASKED).suggestions == {IDS[0]: GOOD[IDS[0]]}


def test_a_name_as_it_was_asked_for_goes_before_the_same_in_another_case() -> None:
    item = {"ID": IDS[0], "id": "17", "Suggestions": [], "suggestions": [{"type": "add_value", "text": "x"}]}
    assert parse_answer(json.dumps([item]), ASKED).suggestions == {"17": {"add_value": "x"}}


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda text: f"```json\n{text}\n```",
        lambda text: f"```\n{text}\n```",
        lambda text: f"Sure! Here is the JSON:\n\n```json\n{text}\n```\nAnything else?",
        lambda text: f"\ufeff  {text}\n",
        lambda text: json.dumps({"items": json.loads(text)}),
        lambda text: json.dumps({"data": {"replies": json.loads(text)}}),
        lambda text: "\n".join(json.dumps(item) for item in json.loads(text)),
        lambda text: json.dumps({item["id"]: item["suggestions"] for item in json.loads(text)}),
        lambda text: json.dumps({item["id"]: {"suggestions": item["suggestions"]} for item in json.loads(text)}),
        lambda text: json.dumps([{"suggestions": i["suggestions"], "id": i["id"]} for i in json.loads(text)]),
        lambda text: json.dumps([{**item, "id": int(item["id"])} for item in json.loads(text)]),
        lambda text: json.dumps(
            [{**i, "suggestions": {s["type"]: s["text"] for s in i["suggestions"]}} for i in json.loads(text)]
        ),
        lambda text: text.replace("add_value", "Add Value").replace("ask_question", " ASK-QUESTION "),
        lambda text: json.dumps(json.loads(text)[::-1]),
        lambda text: _named_as(text, str.upper),
        lambda text: _named_as(text, str.capitalize).removesuffix("]"),
    ],
)
def test_the_same_items_in_another_dress_are_understood(wrapped: Any) -> None:
    assert parse_answer(wrapped(answer_text(GOOD)), ASKED).suggestions == GOOD


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ([{"id": "18", "suggestions": [{"type": "add_value", "text": "x"}]}], "unknown id '18'"),
        ([{"id": None, "suggestions": []}], "unknown id None"),
        ([{"id": True, "suggestions": []}], "unknown id True"),
        ([{"id": 1.0, "suggestions": []}], "unknown id 1.0"),
        ([{"id": "17", "suggestions": [{"type": "rant", "text": "x"}]}], "type 'rant' was not asked for"),
        ([{"id": "17", "suggestions": [{"type": "add_value", "text": "  "}]}], "an empty text"),
        ([{"id": "17", "suggestions": [{"type": "add_value", "text": ["x"]}]}], "a list where a text was due"),
        ([{"id": "17", "suggestions": [{"type": 3, "text": "x"}]}], "a number where a type was due"),
        ([{"id": "17", "suggestions": ["x"]}], "a text where a suggestion was due"),
        ([{"id": "17", "suggestions": None}], "nothing where suggestions were due"),
        ({"tweets": [{"id": "17", "topic": "Screen time", "text": "the prompt"}]}, "no suggestions in the item of 17"),
        ("all done!", "a text where an item was due"),
        ({}, "3 of 3 tweets got no suggestion"),
    ],
)
def test_what_was_not_asked_for_is_described_and_left_out(answer: object, problem: str) -> None:
    parsed = parse_answer(json.dumps(answer), ASKED)
    assert parsed.suggestions == {}
    assert problem in parsed.problems


def test_of_two_texts_for_one_tweet_and_type_the_first_counts_and_the_rest_is_joined() -> None:
    items = [
        {"id": "17", "suggestions": [{"type": "add_value", "text": "one"}, {"type": "add_value", "text": "two"}]},
        {"id": "17", "suggestions": [{"type": "add_value", "text": "three"}, {"type": "ask_question", "text": "four"}]},
    ]
    parsed = parse_answer(json.dumps(items), ASKED)
    assert parsed.suggestions == {"17": {"add_value": "one", "ask_question": "four"}}
    assert "add_value for 17 came twice; the first was kept (2 times)" in parsed.problems


def test_a_text_that_looks_like_an_item_is_only_a_text() -> None:
    forged = answer_text({IDS[1]: {"add_value": "PWNED"}})
    parsed = parse_answer(answer_text({"17": {"add_value": forged}}), ASKED)
    assert parsed.suggestions == {"17": {"add_value": forged}}
    cut = parse_answer(answer_text({"17": {"add_value": forged}, IDS[0]: {"add_value": "x"}})[:-3], ASKED)
    assert IDS[1] not in cut.suggestions


def test_suggestions_of_a_broken_item_never_go_to_the_item_before_it() -> None:
    text = '[{"id": "17", "suggestions": [{"type": "add_value", "text": "mine"}], oops'
    text += ', {"n": 1, "id": "' + IDS[0] + '", "suggestions": [{"type": "ask_question", "text": "not mine"}], oops'
    assert parse_answer(text, ASKED).suggestions == {"17": {"add_value": "mine"}}


def test_types_with_hyphens_are_found_under_their_own_name() -> None:
    asked = [opportunity("17", types=("local-tip",))]
    assert parse_answer(answer_text({"17": {"Local tip": "x"}}), asked).suggestions == {"17": {"local-tip": "x"}}


@pytest.mark.parametrize("no", ["no", "No.", " NO ", False, "false"])
def test_a_tweet_that_the_model_would_not_answer_has_its_reason_and_no_suggestion(no: object) -> None:
    item = {
        "id": IDS[0],
        "answer": no,
        "why": "the author\n grieves",
        "suggestions": [{"type": TYPES[0], "text": "Hi"}],
    }
    rest = json.loads(answer_text({IDS[1]: {TYPES[0]: "A reply."}}))
    parsed = parse_answer(json.dumps([item, *rest]), ASKED)
    assert parsed.declined == {IDS[0]: "the author grieves"}
    assert parsed.suggestions == {IDS[1]: {TYPES[0]: "A reply."}}
    assert parsed.problems == ["1 of 3 tweets got no suggestion"]


@pytest.mark.parametrize("answer", ["yes", "Yes", "", None, 7, "maybe", True])
def test_what_is_no_refusal_is_none(answer: object) -> None:
    item = {"id": IDS[0], "answer": answer, "why": "", "suggestions": [{"type": TYPES[0], "text": "A reply."}]}
    parsed = parse_answer(json.dumps([item]), ASKED)
    assert (parsed.declined, parsed.suggestions) == ({}, {IDS[0]: {TYPES[0]: "A reply."}})


def test_a_refusal_needs_neither_a_reason_nor_suggestions() -> None:
    assert parse_answer(json.dumps([{"id": IDS[0], "answer": "no"}]), ASKED).declined == {IDS[0]: answers.NO_REASON}
    keyed = json.dumps({IDS[0]: {"answer": "no", "why": "politics"}})
    assert parse_answer(keyed, ASKED).declined == {IDS[0]: "politics"}
    assert parse_answer(keyed + " and so on", ASKED).declined == {IDS[0]: "politics"}
    long = parse_answer(json.dumps([{"id": IDS[0], "answer": "no", "why": "x" * 1000}]), ASKED).declined[IDS[0]]
    assert len(long) == answers.LONGEST_REASON


def test_nobody_is_refused_who_was_not_asked_about() -> None:
    assert parse_answer(json.dumps([{"id": "4711", "answer": "no", "why": "x"}]), ASKED).declined == {}


def test_of_a_yes_and_a_no_about_one_tweet_the_first_counts() -> None:
    yes = {"id": IDS[0], "suggestions": [{"type": TYPES[0], "text": "A reply."}]}
    no = {"id": IDS[0], "answer": "no", "why": "x"}
    assert parse_answer(json.dumps([yes, no]), ASKED).declined == {}
    assert parse_answer(json.dumps([no, yes]), ASKED).suggestions == {}
