"""What a run exchanges with others, by way of the database they share: tweets that it offers, and those it takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from viral_assets.generation.drafting.prompt import system_instruction
from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.llm.models import bare_name
from viral_assets.llm.tiers import STANDARD
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import Ledger
from viral_assets.quota.priority import Priority
from viral_assets.quota.sql import SqlLedger
from viral_assets.store import offers
from viral_assets.store.engine import Database
from viral_assets.text.hashing import text_hash

_OPPORTUNITY = TypeAdapter(Opportunity)


def sharing_of(projects: Mapping[str, Project], options: GenerationOptions, *, provider: str) -> str:
    """The same word for runs that may share requests, since all that a prompt is made of is the same for them; empty
    for one that asks by itself.
    """
    alone = options.exact is not None or options.force or not options.claim or options.priority is Priority.PERSON
    if alone or len(projects) != 1:
        return ""
    project = next(iter(projects.values()))
    model = options.model or project.generation.models[0]
    edits = f"edits: {project.voice.learn_from_edits}"
    written = [system_instruction(project), project.generation.model_dump_json(), edits]
    return text_hash("\n".join([provider, bare_name(model), options.tier or STANDARD, project.name, *written]))


@dataclass(frozen=True, slots=True)
class TweetOffers:
    """Those of all runs that may share requests. Its calls block; they are made in a run's storage thread.

    Args:
        quota_key: that of the ledger.
        sharing: what :func:`sharing_of` says of these runs.
    """

    database: Database
    quota_key: str
    sharing: str

    @classmethod
    def of(cls, database: Database | None, ledger: Ledger, sharing: str) -> TweetOffers | None:
        """None where no other process could take part, or nobody should."""
        if database is None or not isinstance(ledger, SqlLedger) or not sharing:
            return None
        return cls(database, ledger.key, sharing)

    def offer(self, runner: str, items: Sequence[Item]) -> set[TweetKey]:
        """See :func:`viral_assets.store.offers.offer`; so are the others."""
        values = {item.key: _OPPORTUNITY.dump_python(item.still_asked, mode="json") for item in items}
        with self.database.begin() as connection:
            return offers.offer(connection, self.quota_key, self.sharing, runner, values)

    def take(self, runner: str, room: Mapping[str, int]) -> dict[str, list[Opportunity]]:
        with self.database.read() as connection:
            if not offers.any_open(connection, self.quota_key, self.sharing, runner):
                return {}
        with self.database.begin() as connection:
            taken = offers.take(connection, self.quota_key, self.sharing, runner, room)
        return {name: [_OPPORTUNITY.validate_python(each) for each in found] for name, found in taken.items()}

    def hand_back(self, runner: str, request_ids: Sequence[str]) -> None:
        with self.database.begin() as connection:
            offers.hand_back(connection, runner, request_ids)

    def let_go(self, runner: str, request_id: str, keys: Sequence[TweetKey]) -> None:
        with self.database.begin() as connection:
            offers.let_go(connection, runner, request_id, keys)

    def claimed_by_others(self, runner: str, keys: Collection[TweetKey]) -> set[TweetKey]:
        with self.database.read() as connection:
            return offers.claimed_by_others(connection, runner, keys)

    def fate(self, runner: str) -> offers.OfferOutcome:
        with self.database.read() as connection:
            return offers.fate(connection, runner)

    def reclaim(self, runner: str) -> offers.OfferOutcome:
        with self.database.begin() as connection:
            return offers.reclaim(connection, runner)
