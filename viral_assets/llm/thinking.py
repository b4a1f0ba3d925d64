"""How much a model is told to think: as little as it accepts. A reply of two sentences needs no thoughts, and they cost
what output costs (https://ai.google.dev/gemini-api/docs/thinking).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from viral_assets.llm.models import ThinkingLevel, model_named


@dataclass(frozen=True, slots=True)
class ThinkingSetting:
    """What a request says about thinking: a ``budget`` of tokens, or a ``level``."""

    budget: int | None = None
    level: ThinkingLevel | None = None

    @property
    def next_higher(self) -> ThinkingSetting | None:
        """What to say where this is refused; None for nothing, by which the model's own default applies.

        That is MEDIUM, so nothing is left to try above LOW.
        """
        return ThinkingSetting(level="LOW") if self.level == "MINIMAL" else None

    def is_named_by(self, refusal: str) -> bool:
        """Whether the service's words about a rejected request are about this setting."""
        return bool(re.search("think", refusal, re.IGNORECASE)) or (self.level is not None and self.level in refusal)


class LeastThinking:
    """What one client says about thinking to each model, and has learnt from refusals."""

    __slots__ = ("_learnt",)

    def __init__(self) -> None:
        self._learnt: dict[str, ThinkingSetting | None] = {}

    def setting(self, model: str) -> ThinkingSetting | None:
        """The least that the model is known to accept; None to say nothing."""
        return self._learnt[model] if model in self._learnt else least_setting(model)

    def refused(self, model: str, sent: ThinkingSetting) -> str:
        """Say something else from now on. Requests that were under way together are refused together: that counts once.

        Returns:
            What that is, in a sentence.
        """
        if self.setting(model) == sent:
            self._learnt[model] = sent.next_higher or _of_successor(model, sent)
        following = self.setting(model)
        if following is None:
            return "The next request leaves thinking to the model."
        return f"The next request asks for the thinking level {following.level}."


def _of_successor(model: str, refused: ThinkingSetting) -> ThinkingSetting | None:
    """What the model takes that answers for this one after its end, where that is controlled in another way."""
    successor = model_named(model).then
    following = None if successor is None else least_setting(successor)
    same_way = following is None or (following.budget is None) == (refused.budget is None)
    return None if same_way else following


def least_setting(model: str) -> ThinkingSetting | None:
    """What the table says; None for a model whose control is not known."""
    control = model_named(model).thinking
    return None if control is None else ThinkingSetting(control.budget, control.level)
