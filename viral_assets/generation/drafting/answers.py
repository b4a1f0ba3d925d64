"""What an answer says: from a model's text to suggestions by tweet and type. Whether they are good is ``quality``'s.

Whatever comes (cut off, wrapped, reordered, echoed, nonsense, a megabyte of brackets), only asked tweets and asked
types come out, everything that is complete comes out, and the time it takes grows linearly with the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from viral_assets.generation.opportunity import Opportunity
from viral_assets.text.cleaning import text_for_storage

MAX_PROBLEMS = 20
"""An answer full of nonsense is described by its first problems, and how many more there were."""

MAX_DEPTH = 4
"""How deep below the top items are searched for; the schema's are one level down."""

NO_REASON = "the model gave no reason"
LONGEST_REASON = 200

_ITEM_START = re.compile(
    r'\{\s{0,99}"id"\s{0,99}:\s{0,99}("(?:[^"\\]|\\.){0,99}"|\d{1,99})\s{0,99},', re.DOTALL | re.IGNORECASE
)
_SUGGESTION_START = re.compile(r'\{\s{0,99}"(?:type|text)"', re.IGNORECASE)
_NAMES = frozenset({"id", "answer", "why", "suggestions", "type", "text"})
_TYPE_SEPARATORS = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """Raw texts by tweet id and suggestion type; why tweets should not be answered, by id; and what was wrong with the
    rest, each in a few words."""

    suggestions: dict[str, dict[str, str]] = field(default_factory=dict)
    declined: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object with the schema's names in lower case: where no schema holds them, models write ``Id`` as well."""
    made = dict(pairs)
    for name in [name for name in made if name not in _NAMES]:
        if (meant := name.lower()) in _NAMES:
            made.setdefault(meant, made.pop(name))
    return made


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_object)


def parse_answer(text: str, asked: Sequence[Opportunity]) -> ParsedAnswer:
    """Find the suggestions in an answer. Never raises.

    The shape asked for is ``[{"id": ..., "answer": "yes", "why": "", "suggestions": [{"type": ..., "text": ...}]}]``.
    An item without ``answer`` is a yes, and one that says no has no suggestions, whatever else is in it. The same items
    inside code fences or an object, suggestions as ``{type: text}``, and an object keyed by ids are understood too, and
    names in any case. Of an answer that is no valid JSON every complete item, and every complete suggestion of a broken
    item, is kept. Where a tweet and type come twice the first one counts.
    """
    collector = _Collector({each.tweet_id: each.suggestion_types for each in asked})
    try:
        whole = _DECODER.decode(_unfenced(text))
    except (ValueError, RecursionError):
        if text.strip():
            collector.problem("not valid JSON; what is complete was kept")
        _salvage(text, collector)
    else:
        collector.take(whole)
    return collector.result()


def _unfenced(text: str) -> str:
    """Without the code fence that models like to put around JSON."""
    text = text.strip().lstrip("\ufeff")
    if text.startswith("```") and text.endswith("```") and len(text) > 6:
        first_line, _, rest = text.partition("\n")
        return rest[:-3] if rest and len(first_line) < 20 else text[3:-3].removeprefix("json")
    return text


def _salvage(text: str, collector: _Collector) -> None:
    """Decode every complete object; one that is broken is entered, and its complete parts are kept.

    A suggestion belongs to the broken item it was found in. Each failed attempt is charged what it read, so that a
    crafted answer (a megabyte of nested, never closed objects) is given up after a few times its length.
    """
    characters_left = 8 * len(text) + 100_000
    position, tweet_id = text.find("{"), None
    while position >= 0 and characters_left > 0:
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            characters_left -= _characters_read(error, position, len(text))
            if start := _ITEM_START.match(text, position):
                tweet_id = _id_of(_scalar(start[1]))
            elif not _SUGGESTION_START.match(text, position):
                tweet_id = None
            end = position + 1
        else:
            if tweet_id is not None and "id" not in value:
                collector.take_suggestions(tweet_id, value)
            else:
                tweet_id = None
                collector.take(value)
        position = text.find("{", end)


def _characters_read(error: Exception, start: int, length: int) -> int:
    """What a failed attempt cost: reading, counting lines for the error's message (32 times faster), and the rest."""
    if not isinstance(error, json.JSONDecodeError):
        return 10_000
    end = length if error.msg.startswith("Unterminated") else error.pos
    return end - start + end // 32 + 500


def _scalar(source: str) -> object:
    try:
        return json.loads(source, strict=False)
    except ValueError:
        return None


def _id_of(value: object) -> str | None:
    """Ids may come as numbers: exact, since JSON integers do not pass through floating point here."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        return str(value).strip()
    except ValueError:  # thousands of digits
        return None


class _Collector:
    """Keeps what was asked for, describes the rest."""

    def __init__(self, asked: dict[str, tuple[str, ...]]) -> None:
        self._asked = {tweet_id: {_normal_type(name): name for name in names} for tweet_id, names in asked.items()}
        self._found: dict[str, dict[str, str]] = {}
        self._declined: dict[str, str] = {}
        self._problems: dict[str, int] = {}
        self._other_problems = 0

    def result(self) -> ParsedAnswer:
        problems = [f"{what} ({times} times)" if times > 1 else what for what, times in self._problems.items()]
        if self._other_problems:
            problems.append(f"and {self._other_problems} others")
        if missing := len(self._asked) - len(self._found) - len(self._declined):
            problems.append(f"{missing} of {len(self._asked)} tweets got no suggestion")
        found, declined = (
            {each: known[each] for each in self._asked if each in known}
            for known in (dict[str, Any](self._found), dict[str, Any](self._declined))
        )
        return ParsedAnswer(found, declined, problems)

    def problem(self, what: str) -> None:
        if what in self._problems or len(self._problems) < MAX_PROBLEMS:
            self._problems[what] = self._problems.get(what, 0) + 1
        else:
            self._other_problems += 1

    def take(self, value: object, depth: int = 0) -> None:
        """An item, or anything that may hold items."""
        if isinstance(value, list):
            parts: Iterator[object] = iter(value)
        elif not isinstance(value, dict):
            self.problem(f"{_named(value)} where an item was due")
            return
        elif "id" in value:
            self._take_item(value)
            return
        else:
            keyed = {key: part for key, part in value.items() if key in self._asked}
            for tweet_id, part in keyed.items():
                if isinstance(part, dict) and "suggestions" not in part and "answer" not in part:
                    self.take_suggestions(tweet_id, part)
                elif isinstance(part, dict):
                    self._take_decision(tweet_id, part)
                else:
                    self.take_suggestions(tweet_id, part)
            parts = (part for key, part in value.items() if key not in keyed and isinstance(part, dict | list))
        if depth < MAX_DEPTH:
            for part in parts:
                self.take(part, depth + 1)

    def _take_item(self, item: dict[str, Any]) -> None:
        tweet_id = _id_of(item["id"])
        if tweet_id is None or tweet_id not in self._asked:
            self.problem(f"unknown id {_shown(item['id'])}")
        else:
            self._take_decision(tweet_id, item)

    def _take_decision(self, tweet_id: str, item: dict[str, Any]) -> None:
        """The suggestions of an asked tweet, or why there are none."""
        if _is_no(item.get("answer")):
            if tweet_id in self._found:
                self.problem(f"{tweet_id} came twice; the first was kept")
            else:
                self._declined.setdefault(tweet_id, _reason(item.get("why")))
        elif "suggestions" not in item:
            self.problem(f"no suggestions in the item of {tweet_id}")
        else:
            self.take_suggestions(tweet_id, item["suggestions"])

    def take_suggestions(self, tweet_id: str, value: object) -> None:
        """``[{type, text}, ...]`` or ``{type: text, ...}``."""
        if tweet_id not in self._asked:
            self.problem(f"unknown id {_shown(tweet_id)}")
        elif tweet_id in self._declined:
            self.problem(f"{tweet_id} came twice; the first was kept")
        elif isinstance(value, dict):
            pairs = [(value["type"], value.get("text"))] if "type" in value else list(value.items())
            for kind, text in pairs:
                self._take_text(tweet_id, kind, text)
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, dict):
                    self.take_suggestions(tweet_id, part)
                else:
                    self.problem(f"{_named(part)} where a suggestion was due")
        else:
            self.problem(f"{_named(value)} where suggestions were due")

    def _take_text(self, tweet_id: str, kind: object, text: object) -> None:
        if not isinstance(kind, str):
            self.problem(f"{_named(kind)} where a type was due")
            return
        name = self._asked[tweet_id].get(_normal_type(kind))
        if name is None:
            self.problem(f"type {_shown(kind)} was not asked for")
        elif not isinstance(text, str):
            self.problem(f"{_named(text)} where a text was due")
        elif not (text := text_for_storage(text)).strip():
            self.problem("an empty text")
        elif name in self._found.get(tweet_id, ()):
            self.problem(f"{name} for {tweet_id} came twice; the first was kept")
        else:
            self._found.setdefault(tweet_id, {})[name] = text


def _normal_type(name: str) -> str:
    """``Add value`` is ``add_value``: models write a name as they like."""
    return _TYPE_SEPARATORS.sub("_", name.strip().lower())


def _is_no(answer: object) -> bool:
    """Models say it as they like. What is neither yes nor no is no refusal."""
    return answer is False or (isinstance(answer, str) and answer.strip().strip(".!").lower() in ("no", "false"))


def _reason(why: object) -> str:
    """One line, of what may be a tweet's words."""
    words = " ".join(text_for_storage(why).split()) if isinstance(why, str) else ""
    if not words:
        return NO_REASON
    return words if len(words) <= LONGEST_REASON else words[: LONGEST_REASON - 1] + "…"


def _named(value: object) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}.get(
        type(value), "a number"
    )


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a very deep list
        text = _named(value)
    return text if len(text) <= 40 else text[:39] + "…"
