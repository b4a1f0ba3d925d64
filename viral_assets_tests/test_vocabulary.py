"""What the commands and pages offer is what the vocabulary has, and the database can hold it."""

from __future__ import annotations

from viral_assets.cli import export
from viral_assets.learning.rejection_reasons import concerns_wording
from viral_assets.queries.small_charts import SMALL_COLOURS
from viral_assets.store.audit import bounded
from viral_assets.store.revisions import LONGEST_WISH
from viral_assets.store.tables import (
    comment_suggestions,
    generation_outcomes,
    suggestion_events,
    suggestion_revisions,
    tweet_scores,
)
from viral_assets.text.display import one_line
from viral_assets.vocabulary import (
    ACTIONS,
    AWAITING,
    COMMON_WISHES,
    LABELS,
    OUTCOMES,
    REJECTION_REASONS,
    REVISION_ACTIONS,
    REVISION_STATES,
    STATUSES,
    UNDO,
)
from viral_assets.web.rendering import ACTION_WORDS, REVISION_WORDS, STATUS_WORDS


def test_the_export_offers_every_label_and_every_status_in_which_one_person_is_enough() -> None:
    assert [each.value for each in export.Label] == list(LABELS)
    assert [each.value for each in export.Status] == [each for each in STATUSES if each != AWAITING]


def test_the_pages_have_words_for_every_status_and_action_and_a_colour_for_every_label_and_outcome() -> None:
    assert set(STATUS_WORDS) == set(STATUSES)
    assert set(ACTION_WORDS) == {*ACTIONS, UNDO, *REVISION_ACTIONS}
    assert set(REVISION_WORDS) == set(REVISION_STATES)
    assert set(SMALL_COLOURS) == {*LABELS, *OUTCOMES}


def test_every_word_fits_into_its_column() -> None:
    for column, words in (
        (tweet_scores.c.label, LABELS),
        (generation_outcomes.c.outcome, OUTCOMES),
        (comment_suggestions.c.status, STATUSES),
        (suggestion_events.c.action, (*ACTIONS, UNDO, *REVISION_ACTIONS)),
        (suggestion_revisions.c.state, REVISION_STATES),
    ):
        assert max(map(len, words)) <= getattr(column.type, "length", 0), column.name


def test_a_common_reason_is_stored_as_it_is_and_stands_for_what_it_says_it_is_about() -> None:
    keys = [reason.key for reason in REJECTION_REASONS]
    assert len(set(keys)) == len(keys)
    assert [one_line(key) for key in keys] == keys
    assert [concerns_wording(reason.key) for reason in REJECTION_REASONS] == [
        reason.about == "wording" for reason in REJECTION_REASONS
    ]


def test_a_common_wish_is_kept_as_it_is() -> None:
    assert len({wish.casefold() for wish in COMMON_WISHES}) == len(COMMON_WISHES)
    assert [bounded(wish, LONGEST_WISH) for wish in COMMON_WISHES] == list(COMMON_WISHES)
