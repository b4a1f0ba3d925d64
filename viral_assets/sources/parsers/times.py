"""Times as real files write them, made into UTC, and held against the time that the tweet's id holds.

Everything read here is untrusted. What is no time raises :class:`~viral_assets.sources.parsers.fields.UnusableError`
with the reason the quarantine counts by.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from viral_assets.sources.parsers.fields import NOT_OF_X, ROUNDED_ID, UnusableError, shown
from viral_assets.sources.parsers.snowflakes import AT_ONCE, MOST_APART, is_time_of, tells_its_time, time_in_id
from viral_assets.sources.parsers.time_notations import TIME_FORMATS, ZONES
from viral_assets.sources.parsers.vague_times import Agreement, agreement, as_text

FIRST_TWEET = datetime(2006, 3, 21, tzinfo=UTC)

CLOCK_SKEW = timedelta(minutes=5)
"""How far another machine's clock may be ahead of ours before its tweets count as coming from the future."""

_EPOCH_TIME = re.compile(r"(\d{10}(?:\d{3}|\d{6}|\d{9})?)(?:\.\d+)?")
_ZEROS = "0000"
"""What a spreadsheet leaves at the end of an id; of true ones, 1 in 5,000 ends so."""
_QUARTER = timedelta(minutes=15)


class Times:
    """Reads times in the notations seen in real files; remembers the last one, as a file keeps to one.

    Args:
        now: the present; what lies after it (and some skew) is from the future.
        zone: of times that do not name theirs.
    """

    __slots__ = ("_formats", "_latest", "_shifts", "_zone", "completed", "decided", "told", "zoneless")

    def __init__(self, now: datetime, zone: tzinfo = UTC) -> None:
        self._latest = now + CLOCK_SKEW
        self._formats = list(TIME_FORMATS)
        self._zone = zone
        self._shifts: Counter[timedelta | None] = Counter()
        self.zoneless = 0
        """How many times had no zone and were taken as being of ``zone``."""
        self.completed = 0
        """How many times had only a date, and got the time of day out of their tweet's id."""
        self.told = 0
        """How many tweets had no time but that of their id."""
        self.decided = 0
        """How many times were not what their tweet's id says, which was taken."""

    def zone_in_doubt(self) -> str | None:
        """What the ids say against the zone that was assumed, in a sentence; None where they say nothing.

        Ids of tweets hold the time they were made at. One may be odd; many that all differ by the same number of
        quarters of an hour are times of another zone.
        """
        (shift, agree), *_ = self._shifts.most_common(1) or [(None, 0)]
        if not shift or agree < 3 or agree < 0.8 * self._shifts.total():
            return None
        hours = abs(shift) / timedelta(hours=1)
        return (
            f"times without a zone are {hours:g} hours {'earlier' if shift > timedelta() else 'later'} than the ids of "
            "their tweets say, whose times were taken; give the zone with --timezone for other times"
        )

    def created_at(self, value: object, identity: str = "", *others: object, of_x: bool = False) -> datetime:
        """When a tweet was posted, in UTC: as it is written where the tweet's id confirms that, else as the id says.

        Where nothing is written, the id says it alone if it can be nothing but a tweet's.

        Args:
            identity: the tweet's id. Of several times, the one nearest to it counts.
            others: further times that the record has, of which some may be of something else.
            of_x: whether the record is known to be of X, so that its times are wrong where they are not its id's.

        Raises:
            UnusableError: ``no_time``, ``bad_time``, ``rounded_id`` or ``future``; ``not_of_x`` where no time is within
                a day of the id's.
        """
        if identity and not others and isinstance(value, str):
            zoneless = self.zoneless
            instant = self._read(value)
            if instant is not None and is_time_of(instant, identity) and instant <= self._latest:
                if self.zoneless > zoneless:
                    self._shifts[timedelta()] += 1
                return instant
            self.zoneless = zoneless
        posted = time_in_id(identity) if identity else None
        written = [each for each in (value, *others) if each is not None and each != ""]
        if not written:
            return self._told_by(identity, posted, of_x=of_x)
        return self._decide(written, posted, of_x=of_x)

    def _told_by(self, identity: str, posted: datetime | None, *, of_x: bool) -> datetime:
        """When a tweet was posted of which nothing but its id says so."""
        if posted is None or not tells_its_time(identity):
            raise UnusableError("no_time", "there is no time of posting")
        if posted > self._latest:
            raise UnusableError("no_time", f"there is no time of posting, and {identity} is no id of a tweet so far")
        if identity.endswith(_ZEROS) and not of_x:
            raise UnusableError(ROUNDED_ID, f"{identity} looks rounded, and there is no time or address to confirm it")
        self.told += 1
        return posted

    def confirms(self, identity: str, *written: object) -> bool:
        """Whether any of some times is that of a tweet's id."""
        posted = time_in_id(identity)
        return posted is not None and (
            any(abs(instant - posted) <= MOST_APART for instant, _ in self._readings(written))
            or agreement(written, posted) is Agreement.DAY
        )

    def is_exactly(self, identity: str, written: str) -> bool:
        """Whether some text is the time of a tweet's id, to the second."""
        return any(is_time_of(instant, identity) for instant, _ in self._readings([written]))

    def _decide(self, written: Sequence[object], posted: datetime | None, *, of_x: bool) -> datetime:
        readings = self._readings(written)
        if posted is None and not readings:
            raise UnusableError("bad_time", f"{shown(written[0])} is not a time; write it like 2026-03-17T17:47:00Z")
        if posted is None:
            instant, zoneless = readings[0]
            self._check(instant, written[0])
            self.zoneless += zoneless
            return instant
        if readings:
            instant, zoneless = min(readings, key=lambda reading: abs(reading[0] - posted))
            if abs(instant - posted) <= MOST_APART:
                return self._confirmed(posted, instant, zoneless=zoneless, written=written[0])
        vague = agreement(written, posted)
        if vague is Agreement.DAY:
            self.completed += 1
        elif of_x or (vague is Agreement.UNREADABLE and not readings):
            self.decided += 1
        elif readings or vague is Agreement.OTHER_DAY:
            self._check(readings[0][0] if readings else posted, written[0])
            said = f"a record whose id was made on {posted:%F}, which no time in it says, is no tweet of X"
            raise UnusableError(NOT_OF_X, said)
        else:
            raise UnusableError("bad_time", f"{shown(written[0])} is not a time; write it like 2026-03-17T17:47:00Z")
        self._check(posted, written[0])
        return posted

    def _readings(self, written: Sequence[object]) -> list[tuple[datetime, bool]]:
        """The instants that some times say, each with whether it named no zone."""
        before, found = self.zoneless, []
        for text in map(as_text, written):
            instant = self._read(text) if text else None
            if instant is not None:
                found.append((instant, self.zoneless > before))
            self.zoneless = before
        return found

    def _confirmed(self, posted: datetime, instant: datetime, *, zoneless: bool, written: object) -> datetime:
        """Of an id's time and a written one that is of the same day, that which counts."""
        if zoneless:
            self._shifts[_shift(instant, posted)] += 1
        if abs(instant - posted) <= AT_ONCE:
            self._check(instant, written)
            self.zoneless += zoneless
            return instant
        self._check(posted, written)
        self.decided += 1
        return posted

    def _check(self, instant: datetime, written: object) -> None:
        if instant < FIRST_TWEET:
            raise UnusableError("bad_time", f"{shown(written)} is before the first tweet ({FIRST_TWEET:%F})")
        if instant > self._latest:
            raise UnusableError("future", f"{shown(written)} lies in the future")

    def is_future(self, instant: datetime) -> bool:
        """Whether nothing can have been posted then."""
        return instant > self._latest

    def collected_at(self, value: object) -> datetime | None:
        """When the counts were seen; None where that is missing or makes no sense."""
        instant = self._read(value) if isinstance(value, str) else None
        return instant if instant is not None and FIRST_TWEET <= instant <= self._latest else None

    def _read(self, value: str) -> datetime | None:
        # A date alone, or a date and an hour, does not say when: ISO 8601 would make it midnight.
        try:
            instant = datetime.fromisoformat(value) if len(value) >= 16 else None
        except ValueError:
            instant = None
        if instant is None:
            instant = self._spelt_out(value)
        if instant is None:
            return None
        if instant.tzinfo is UTC:
            return instant
        if instant.tzinfo is None:
            self.zoneless += 1
            instant = instant.replace(tzinfo=self._zone)
        try:
            return instant.astimezone(UTC)
        except OverflowError:
            return None

    def _spelt_out(self, value: str) -> datetime | None:
        if not 10 <= len(value) <= 64:
            return None
        words = value.replace("·", " ").split()
        zone: Any = None
        if words and words[-1] in ZONES:
            zone = ZONES[words.pop()]
        elif len(words) == 6 and words[4] in ZONES:  # Mon Apr 06 22:19:45 PDT 2009
            zone = ZONES[words[4]]
            words[4] = "+0000"
        text = " ".join(words)
        if found := _EPOCH_TIME.fullmatch(text):
            return _since_epoch(found[1])
        for position, notation in enumerate(self._formats):
            try:
                instant = datetime.strptime(text, notation)  # noqa: DTZ007 - the zone, if any, is put on below
            except ValueError:
                continue
            self._formats.insert(0, self._formats.pop(position))
            return instant.replace(tzinfo=zone or instant.tzinfo)
        if zone is not None and len(text) >= 16:
            try:
                return datetime.fromisoformat(text).replace(tzinfo=zone)
            except ValueError:
                return None
        return None


def _shift(instant: datetime, posted: datetime) -> timedelta | None:
    """How much later the id is than the time, in whole quarters of an hour; None where that makes no time zone."""
    # Times without a zone are mostly without seconds too.
    quarters = round((posted - instant) / _QUARTER)
    rest = abs(posted - instant - quarters * _QUARTER)
    return quarters * _QUARTER if abs(quarters) <= 14 * 4 and rest <= timedelta(minutes=2) else None


def _since_epoch(digits: str) -> datetime:
    """Seconds, or thousandths, millionths or billionths of one, since 1970."""
    return datetime.fromtimestamp(int(digits) / 10 ** (len(digits) - 10), UTC)
