"""What ``viral-assets tune`` finds: everything that was asked for, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viral_assets.learning import tuning as learning
from viral_assets.learning.examples import VoiceExample, choose_examples, read_approved
from viral_assets.learning.judged_tweets import read_decisions
from viral_assets.learning.outcomes import POSTED_REPLIES, Outcomes, outcomes_of
from viral_assets.learning.packing import PackCap, choose_cap
from viral_assets.learning.voice import CONSIDERED, Preference, preferences, surest
from viral_assets.projects.model import MOST_TWEETS_PER_REQUEST
from viral_assets.queries.feedback import KeptReply, read_kept
from viral_assets.queries.packing import read_packs
from viral_assets.queries.reply_rates import read_rates

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from viral_assets.learning.model_voice import LearntVoice
    from viral_assets.learning.thresholds import Targets
    from viral_assets.projects.model import Project


@dataclass(slots=True)
class Findings:
    """What there is to say of a project.

    Args:
        targets: of the thresholds; None where weights are learnt from ``outcomes``.
        tuning: None where nothing can be learnt, with ``refusal`` saying why.
        volumes: tweets above the thresholds, now and then.
        examples: that are proposed; None where nobody asked.
        kept: drafts and what became of them; None where nobody asked.
        counted: preferences that need no model.
        learnt: what a model found; None where none was asked.
    """

    project: Project
    targets: Targets | None
    outcomes: Outcomes | None
    cap: PackCap
    examples: list[VoiceExample] | None
    kept: list[KeptReply] | None
    counted: list[Preference]
    tuning: learning.Tuning | None = None
    volumes: tuple[learning.Volume, learning.Volume] | None = None
    refusal: str = ""
    learnt: LearntVoice | None = None

    @property
    def words(self) -> learning.TargetWords:
        """How to speak of what weights are learnt from."""
        return learning.DECIDED if self.targets else POSTED_REPLIES

    @property
    def constraints(self) -> list[Preference]:
        """All that are proposed."""
        return surest([*self.counted, *(self.learnt.preferences if self.learnt else ())])

    @property
    def only_refused(self) -> bool:
        """Weights were all that was asked for, and there are none."""
        return bool(self.refusal) and self.examples is None and self.kept is None and not self.cap.changes

    @property
    def changes_anything(self) -> bool:
        return bool(self.tuning or self.examples or self.constraints or self.cap.changes)


def find(
    connection: Connection,
    project: Project,
    since: datetime,
    targets: Targets | None,
    *,
    examples: bool,
    voice: bool,
) -> Findings:
    """Read what was decided, and learn from it. Nothing is written, and no model is asked.

    Args:
        targets: None to learn weights from what posted replies brought.
    """
    name = project.name
    outcomes = None if targets else outcomes_of(read_rates(connection, name, since))
    packs = read_packs(connection, since, None, name, asked_once=True).models
    kept = read_kept(connection, name, since, limit=CONSIDERED) if voice else None
    found = Findings(
        project=project,
        targets=targets,
        outcomes=outcomes,
        cap=choose_cap(packs, project.generation.max_tweets_per_request, highest=MOST_TWEETS_PER_REQUEST),
        examples=choose_examples(read_approved(connection, name, since), project) if examples else None,
        kept=kept,
        counted=preferences(kept, project) if kept else [],
    )
    decisions = outcomes.decisions if outcomes else read_decisions(connection, name, since)
    try:
        found.tuning = learning.tune(decisions, project, targets, found.words)
    except learning.NothingToLearn as nothing:
        found.refusal = str(nothing)
    else:
        old, new = found.tuning.old, found.tuning.new
        found.volumes = (
            learning.volume(connection, name, since, old),
            learning.volume(connection, name, since, new),
        )
    return found
