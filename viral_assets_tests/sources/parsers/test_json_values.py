"""JSON out of streams and ruins."""

from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.parsers.json_values import MalformedText, document, parse_line, salvage
from viral_assets_tests.sources.examples import page, tweet, user

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(st.text(max_size=5), json_values, max_size=4)


def values_of(text: str, portion: int | None = None) -> list[Any]:
    stream = io.StringIO(text)
    return list(document(lambda size: stream.read(portion or size)))


class TestDocument:
    @given(st.lists(objects, max_size=5), st.sampled_from([None, 2]), st.integers(1, 50))
    def test_a_list_gives_its_items_however_it_is_written_and_arrives(
        self, items: list[Any], indent: int | None, portion: int
    ) -> None:
        assert values_of(json.dumps(items, indent=indent), portion) == items

    @given(st.lists(objects, max_size=5), st.integers(1, 50))
    def test_values_in_a_row_need_no_list(self, items: list[Any], portion: int) -> None:
        assert values_of("\n".join(json.dumps(item, indent=1) for item in items), portion) == items

    def test_a_value_larger_than_a_portion_is_read_whole(self) -> None:
        big = page(*(tweet(number, text="x" * 20_000) for number in range(200)))
        assert values_of(json.dumps([big, big], indent=1)) == [big, big]

    def test_a_missing_bracket_at_the_end_costs_nothing(self) -> None:
        assert values_of('[{"a": 1}, {"b": 2}') == [{"a": 1}, {"b": 2}]

    def test_of_a_cut_document_the_complete_items_are_kept(self) -> None:
        text = json.dumps([tweet(1), tweet(2), tweet(3)], indent=1)
        first, second, rest = values_of(text[:-30])
        assert [first["id"], second["id"]] == [tweet(1)["id"], tweet(2)["id"]]
        assert isinstance(rest, MalformedText)

    @given(st.text(max_size=200), st.integers(1, 50))
    def test_any_text_ends(self, text: str, portion: int) -> None:
        values_of(text, portion)


class TestDamagedLines:
    def test_a_sound_line_is_one_value(self) -> None:
        assert parse_line(b'{"a": 1}\r\n') == [{"a": 1}]

    def test_what_careless_writers_write_is_understood(self) -> None:
        (value,) = parse_line(b'\xef\xbb\xbf{"a": NaN, "b": "tab\there", "c": "\\ud83d"}')
        assert value["b"] == "tab\there"

    def test_two_values_on_a_line_are_two(self) -> None:
        assert parse_line(b'{"a": 1}{"b": 2} {"c": 3}') == [{"a": 1}, {"b": 2}, {"c": 3}]

    def test_a_broken_tweet_costs_its_page_one_tweet(self) -> None:
        text = json.dumps(page(tweet(1), tweet(2), tweet(3))).replace('"lang": "en"', '"lang": "en', 1)
        (mended,) = parse_line(text.encode())
        broken, *kept = mended["data"]
        assert isinstance(broken, MalformedText)
        assert [item["id"] for item in kept] == [tweet(2)["id"], tweet(3)["id"]]
        assert mended["includes"]["users"] == [user()]

    def test_a_cut_page_keeps_its_complete_tweets(self) -> None:
        text = json.dumps(page(tweet(1), tweet(2), tweet(3)))
        (mended,) = parse_line(text[: text.index("too much? (3)")].encode())
        assert [isinstance(item, MalformedText) for item in mended["data"]] == [False, False, True]

    def test_tweets_that_are_only_referred_to_do_not_come_in_through_damage(self) -> None:
        whole = page(tweet(1), includes={"users": [user()], "tweets": [tweet(7), tweet(8)]})
        text = json.dumps(whole).replace('"lang": "en"', '"lang": en', 1)
        (mended,) = parse_line(text.encode())
        assert [type(item) for item in mended["data"]] == [MalformedText]

    def test_the_time_of_collection_survives(self) -> None:
        text = json.dumps(page(tweet(1), __twarc={"retrieved_at": "2026-11-21T21:00:00+00:00"}))
        (mended,) = parse_line(text.replace('"data": [{', '"data": [x, {').encode())
        assert mended["__twarc"] == {"retrieved_at": "2026-11-21T21:00:00+00:00"}

    def test_deep_nesting_is_broken_and_no_more(self) -> None:
        (value,) = parse_line(b'{"data":' * 100_000)
        assert isinstance(value, MalformedText)

    @given(st.binary(max_size=300))
    def test_any_bytes_give_values(self, line: bytes) -> None:
        assert isinstance(parse_line(line), list)

    @given(st.data())
    def test_nothing_of_a_damaged_line_vanishes(self, data: st.DataObject) -> None:
        """Each tweet of the page comes back, or part of its text does in a broken piece."""
        text = json.dumps(page(*(tweet(number) for number in range(5))))
        at = data.draw(st.integers(text.index("[") + 1, text.index("]") - 1))
        damaged = text[:at] + data.draw(st.sampled_from(['"', "{", "}", "\\", "\x01", ""])) + text[at + 1 :]
        found = list(salvage(damaged))
        kept = json.dumps(found, default=lambda broken: broken.text)
        lost = [number for number in range(5) if f"too much? ({number})" not in kept]
        assert len(lost) <= 1  # the one whose text was hit

    def test_crafted_text_takes_no_quadratic_time(self) -> None:
        for crafted in ('{"data":[{x' + '},{"id":1,"text":"' * 20_000, '{"data":[{x' + '},{"a":[1,2' * 20_000):
            assert list(salvage(crafted))
