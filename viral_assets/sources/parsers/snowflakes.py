"""What the id of a tweet says by itself: when the tweet was posted.

Layout of the number: https://github.com/twitter-archive/snowflake/tree/snowflake-2010.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""Since 4 November 2010 ids hold the time they were made at, in milliseconds from this instant on."""

MOST_APART = timedelta(days=1)
"""Between the time in an id and one written beside it: zones that nobody named, and dates without a time of day.
What is further apart is not of the same tweet."""

AT_ONCE = timedelta(seconds=2)
"""A written time this near to the id's is the same instant: sources leave out the milliseconds."""

_EPOCH_SECONDS = EPOCH.timestamp()
_AT_ONCE_SECONDS = AT_ONCE.total_seconds()

MOST_DIGITS = 19
"""Of an id; longer numbers, which untrusted texts have by the thousand of digits, are none."""

_FIRST = 10**13
"""Of the first hour with such ids; those from before are smaller by far."""


FIRST_BY_ITSELF = 2 * 10**17
"""Of May 2012. Lower numbers are also ids of Mastodon, Facebook and Threads, and a time beside one must confirm it;
those of LinkedIn, Instagram and TikTok would be of years to come."""


def tells_its_time(identity: str) -> bool:
    """Whether a number can be nothing but the id of a tweet, so that no time beside it is needed."""
    return identity.isdecimal() and len(identity) <= MOST_DIGITS and FIRST_BY_ITSELF <= int(identity) < 2**63


def time_in_id(identity: str) -> datetime | None:
    """When a tweet was posted, by its id; None for ids from before they held the time."""
    number = int(identity) if len(identity) <= MOST_DIGITS else 0
    return EPOCH + timedelta(milliseconds=number >> 22) if number >= _FIRST else None


def is_time_of(instant: datetime, identity: str) -> bool:
    """Whether an id confirms this very time; said of every record, and so without making a time of the id."""
    return is_time_of_number(instant, int(identity))


def is_time_of_number(instant: datetime, number: int) -> bool:
    """The same of an id that is a number already."""
    apart = instant.timestamp() - _EPOCH_SECONDS - (number >> 22) / 1000
    return -_AT_ONCE_SECONDS <= apart <= _AT_ONCE_SECONDS
