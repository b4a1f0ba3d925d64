"""The models there are and what is true of each: the table ``models.yml``, typed. A name that is not in it is a model
nobody knows anything about, and may be used all the same.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from viral_assets.bundled import load_table
from viral_assets.llm.dated_prices import DatedPrice

DEFAULT_MODEL = "gemini-2.5-flash-lite"
"""Writes, unless a project file, the environment or a call names another."""

EMBEDDING_MODEL = "gemini-embedding-001"
EMBEDDING_INPUT_TOKENS = 2_048
"""What it reads of a text; the rest is cut off (https://ai.google.dev/gemini-api/docs/models)."""

ThinkingLevel = Literal["MINIMAL", "LOW", "MEDIUM", "HIGH"]

_VERSION = r"(?:-(?:preview|exp|latest))?(?:-\d+)*"
"""What follows the name of a model and is still that model: ``-001``, ``-preview-09-2025``."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Thinking(_Frozen):
    """How a model is told to think as little as it can: by a ``budget`` of tokens or by a ``level``, never both.

    ``by_default`` says whether it thinks where nothing is said; None where nobody knows.
    """

    budget: int | None = None
    level: ThinkingLevel | None = None
    by_default: bool | None = None

    @model_validator(mode="after")
    def _one_control(self) -> Self:
        if (self.budget is None) == (self.level is None):
            raise ValueError("thinking is controlled by a budget or by a level")
        return self


class _Controls(_Frozen):
    thinking: Thinking | None = None
    takes_temperature: bool = True


class _Family(_Controls):
    begins: str


class Model(_Controls):
    """One model.

    Args:
        prices: empty where they are unknown.
        thinking: None where nobody knows how it is controlled.
        output_cap: tokens of an answer, thoughts included; None where nobody knows.
        takes_temperature: false where it is known not to.
        ends: first day on which another one answers for it (``then``, where that is known), or none does.
        aliases: other names that mean this model.
    """

    name: str
    purpose: Literal["generate", "embed"] = "generate"
    prices: tuple[DatedPrice, ...] = ()
    output_cap: Annotated[int, Field(gt=0)] | None = None
    ends: date | None = None
    then: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def thinks_by_default(self) -> bool:
        """Known to think where nothing is said, and known how to be told to do less."""
        return self.thinking is not None and bool(self.thinking.by_default)


@functools.cache
def known_models() -> Mapping[str, Model]:
    """The table by name, without aliases, in its order."""
    return {
        name: Model.model_validate({"name": name, **fields}) for name, fields in table_of_models()["models"].items()
    }


def model_named(name: str) -> Model:
    """What is known of a model, by a name as people and answers write it (see :func:`table_name`); of one that is not
    in the table, what its family has in common."""
    models = known_models()
    found = table_name(name, (*models, *_aliases()))
    if found is not None:
        return models[_aliases().get(found, found)]
    bare = bare_name(name)
    family = next((each for each in _families() if re.match(each.begins, bare)), _Controls())
    return Model(name=bare, thinking=family.thinking, takes_temperature=family.takes_temperature)


def table_name(name: str, names: Iterable[str]) -> str | None:
    """The longest of some names that is the given one but for ``models/`` in front and a version behind."""
    bare = bare_name(name)
    fitting = (each for each in names if bare.startswith(each) and re.fullmatch(_VERSION, bare[len(each) :]))
    return max(fitting, key=len, default=None)


def is_same_model(asked: str, answered: str) -> bool:
    """Whether two names mean one model: they differ in ``models/``, in who offers it (``openai/``), in a version or
    ``:latest``, or one is the other's alias."""
    one, other = (model_named(_plain(name)).name for name in (asked, answered))
    return one == other or table_name(one, [other]) is not None or table_name(other, [one]) is not None


@functools.cache
def table_of_models() -> Mapping[str, Any]:
    """``models.yml`` as it is, with all that is not about one model."""
    table: dict[str, Any] = load_table("viral_assets.llm", "models.yml")
    return table


@functools.cache
def _families() -> tuple[_Family, ...]:
    return tuple(_Family.model_validate(each) for each in table_of_models()["families"])


@functools.cache
def _aliases() -> Mapping[str, str]:
    return {alias: name for name, model in known_models().items() for alias in model.aliases}


def _plain(name: str) -> str:
    """Gateways put the vendor in front of a name, Ollama a tag behind it."""
    return bare_name(name).rpartition("/")[2].removesuffix(":latest")


def bare_name(model: str) -> str:
    """A model's name without the ``models/`` that the API also takes, so that one model has one name."""
    return model.strip().removeprefix("models/")
