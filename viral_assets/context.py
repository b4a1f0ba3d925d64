"""What a tweet stands in: the post that it answers, the one that it quotes, its pictures in words, and what its author
was told before. Values only; sources find them, the store keeps them, and prompts and pages show them.

All of it was written by strangers, but for what the author was told, and is bounded here: a post is kept to be
understood, not to be read in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

POST_CHARACTERS = 2_000
"""Of a post that a tweet refers to, so many are kept: an article's beginning says what it is about."""

ALT_CHARACTERS = 1_000
"""Of a picture's description, X takes no more."""

PICTURES = 4
"""That a post has at most; further descriptions are not kept."""

PostState = Literal["present", "deleted", "protected", "missing"]
POST_STATES: tuple[PostState, ...] = get_args(PostState)
"""The post is known; its author has deleted it, or the account is gone; only followers may see it; nobody knows it."""
PRESENT, DELETED, PROTECTED, MISSING = POST_STATES

STATE_WORDS: Final = {
    DELETED: "a post that was deleted",
    PROTECTED: "a post of a protected account",
    MISSING: "a post that is not in the file",
}
"""What a tweet answers or quotes, where its text is not known."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post that a tweet refers to.

    ``post_id`` is None where only that there is one is known. ``text`` and ``alt_texts`` are there where ``state`` is
    ``present``. ``same_author``: who wrote it has written the tweet, too.
    """

    post_id: str | None
    author_handle: str = ""
    text: str = ""
    alt_texts: tuple[str, ...] = ()
    state: PostState = PRESENT
    author_id: str | None = None
    same_author: bool = False

    @property
    def known(self) -> bool:
        return self.state == PRESENT


class References(NamedTuple):
    """What one record of a source says: the ids of the posts that its tweet answers and quotes, its own pictures in
    words, and those of the posts that have come with it. A tuple, since many are kept while a file is read."""

    answers: str | None = None
    quotes: str | None = None
    alt_texts: tuple[str, ...] = ()
    posts: tuple[Post, ...] = ()

    def __bool__(self) -> bool:
        return any(self)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around a tweet. ``told`` are the team's own replies to other tweets of the author, the latest
    first."""

    answers: Post | None = None
    quotes: Post | None = None
    alt_texts: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != NO_CONTEXT

    @property
    def posts(self) -> tuple[tuple[str, Post], ...]:
        """Those there are, each with what the tweet does with it: ``answers`` or ``quotes``."""
        pairs = (("answers", self.answers), ("quotes", self.quotes))
        return tuple((how, post) for how, post in pairs if post is not None)

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """All that strangers wrote, each with where it stands: ``answers``, ``quotes`` or ``pictures``."""
        of_posts = tuple((how, text) for how, post in self.posts for text in (post.text, *post.alt_texts) if text)
        return (*of_posts, *(("pictures", text) for text in self.alt_texts))


NO_CONTEXT = Context()
