"""The key ``notifications`` of a project file: who is told of new opportunities, of which, and when.

Where a channel leads is a secret and stands in the environment; a project file has only its name.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from viral_assets.projects.engagement import ActiveHours, hours_of_a_day, known_zone
from viral_assets.projects.numbers import Whole
from viral_assets.vocabulary import GREEN, LABELS, Label

_CHANNEL = re.compile("[a-z0-9][a-z0-9_]{0,31}")

Mode = Literal["digest", "each"]


def is_channel_name(name: str) -> bool:
    """Whether a channel can be called so: what a variable of the environment can end with, in small letters."""
    return _CHANNEL.fullmatch(name) is not None


def _channel(name: str) -> str:
    if not is_channel_name(name):
        raise ValueError(
            f"{name[:40]!r} is no name of a channel: lower-case letters, digits and _. Its address, which is a secret, "
            "stands in the environment"
        )
    return name


def _quiet_hours(value: object) -> object:
    return hours_of_a_day(value, "quiet hours", "22:00-07:00")


class Notifications(BaseModel):
    """Who is told of new opportunities, of which, and when.

    ``label``: of this one or a better one. ``score``: the least total, 0 to 1. ``max_age_hours``: an older tweet is no
    news; quiet hours that it had to wait for do not count. ``mode``: what there is in one message, or a message for
    each. ``at_most``: tweets that one message shows, and messages that are sent in one go; the rest is counted.
    ``quiet_hours`` are meant in ``time_zone``, which is that of ``engagement`` when it is None; what comes in them is
    one message when they end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: tuple[Annotated[str, AfterValidator(_channel)], ...] = ()
    label: Label = GREEN
    score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    max_age_hours: Annotated[float, Field(gt=0, le=48, allow_inf_nan=False)] = 3
    mode: Mode = "digest"
    at_most: Annotated[Whole, Field(ge=1, le=20)] = 5
    quiet_hours: Annotated[ActiveHours | None, BeforeValidator(_quiet_hours)] = None
    time_zone: str | None = None

    @field_validator("channels")
    @classmethod
    def _each_once(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(channels))

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        return None if name is None else known_zone(name)

    @property
    def labels(self) -> tuple[Label, ...]:
        """Those that are told of, the best first."""
        return LABELS[: LABELS.index(self.label) + 1]

    def zone(self, otherwise: ZoneInfo) -> ZoneInfo:
        """The zone of the quiet hours."""
        return otherwise if self.time_zone is None else ZoneInfo(self.time_zone)
