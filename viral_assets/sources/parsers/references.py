"""What a record says of other posts: which one its tweet answers and quotes, their texts where they have come along,
and its pictures in words. One level deep: what a quoted post quotes is not looked at, so that no circle is
followed.

Nothing here rejects a record: what makes no sense is as good as missing. Shapes: ``referenced_tweets`` with
``includes`` (X API v2; flattened by twarc2), ``quoted_status`` (API v1.1, and the web page as ``x_graphql`` turns it
into one), ``quoted_tweet`` (twitterapi.io), ``quote`` (Apify), ``quoted_post`` and ``parent_post_details`` (Bright
Data), ``quotedTweet`` (snscrape).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from viral_assets.context import (
    ALT_CHARACTERS,
    DELETED,
    PICTURES,
    POST_CHARACTERS,
    PROTECTED,
    Post,
    PostState,
    References,
)
from viral_assets.sources.parsers.fields import handle, handle_in_url, id_in_url, optional_id, resolve_entities
from viral_assets.text.cleaning import text_for_storage

Object = Mapping[str, Any]

_QUOTED = ("quoted_status", "quoted_tweet", "quote", "quotedTweet", "quotedStatus", "quoted_post", "quotedPost")
_ANSWERED = ("in_reply_to_tweet", "inReplyToTweet", "replied_to_tweet", "reply_to_tweet", "parent_post_details")
_QUOTED_IDS = (
    *("quoted_status_id_str", "quoteId", "quotedStatusId", "quoted_tweet_id", "quotedTweetId", "quote_id"),
    *("quoted_id", "quoted_status_id"),
)
_QUOTED_IDS_BUT_ONE = tuple(key for key in _QUOTED_IDS if key != "quote_id")
_ANSWERED_IDS = (
    *("in_reply_to_status_id_str", "inReplyToId", "inReplyToTweetId", "inReplyToStatusId", "in_reply_to_tweet_id"),
    *("to_tweetid", "reply_id", "in_reply_to_id", "in_reply_to_status_id"),
)
_IDS = ("id_str", "id", "tweet_id", "tweetId", "post_id", "rest_id")
_URLS = ("url", "twitterUrl", "link")
_TEXTS = ("text", "full_text", "fullText", "rawContent", "content", "description")
_AUTHORS = ("user", "author", "account")
_HANDLES = ("screen_name", "userName", "username", "screenName", "user_posted", "profile_id", "author_handle")
_ALT_TEXTS = ("ext_alt_text", "alt_text", "altText", "extAltText")
_FILE = "extension"
"""Of gallery-dl's records, which are of one picture each, with its description beside it."""

MEDIA_KEYS = frozenset({"extended_entities", "extendedEntities", "media", "photos", _FILE})
"""Where pictures stand in objects that are not the API v2's."""

_PROTECTED_WORDS = ("limits who can view", "protected", "not authorized", "authorization")
_GONE_TYPES = ("TweetTombstone", "TweetUnavailable")


class Included:
    """What a page of the API v2 has besides its tweets, looked at once somebody asks.

    Args:
        page: with ``includes`` and ``errors``, or any object.
    """

    __slots__ = ("_media", "_page", "_posts")

    def __init__(self, page: Object) -> None:
        self._page = page
        self._posts: dict[str, Post] | None = None
        self._media: dict[str, str] | None = None

    def post(self, post_id: str) -> Post | None:
        """The post of that id, gone ones too; None where the page does not have it."""
        if self._posts is None:
            self._posts = {post.post_id: post for post in self._all_posts() if post.post_id}
        return self._posts.get(post_id)

    def alt_texts(self, attachments: object) -> tuple[str, ...]:
        """Descriptions of the pictures attached to a post."""
        given = _object(attachments)
        if isinstance(given.get("media"), list):  # flattened
            return described(given["media"])
        keys = given.get("media_keys")
        if not isinstance(keys, list):
            return ()
        if self._media is None:
            media = _list(_object(self._page.get("includes")).get("media"))
            self._media = {
                key: text for item in media if isinstance(key := item.get("media_key"), str) for text in _alt(item)
            }
        return tuple(self._media[key] for key in keys if isinstance(key, str) and key in self._media)[:PICTURES]

    def _all_posts(self) -> Iterator[Post]:
        includes = _object(self._page.get("includes"))
        users = {user.get("id"): user for user in _list(includes.get("users")) if isinstance(user.get("id"), str)}
        for error in _list(self._page.get("errors")):
            if (gone := gone_post(error)) is not None:
                yield gone
        for post in _list(includes.get("tweets")):
            author = _object(users.get(post.get("author_id"))) if isinstance(post.get("author_id"), str) else {}
            note = _object(post.get("note_tweet"))
            found = post_in({**post, "full_text": note.get("text"), **({"author": author} if author else {})})
            if found is not None:
                yield _with_pictures(found, self.alt_texts(post.get("attachments")))


def gone_post(error: Object) -> Post | None:
    """The post that an error of the API v2 is about; None where it is about something else."""
    if error.get("resource_type") not in ("tweet", "post"):
        return None
    post_id = optional_id(error.get("resource_id")) or optional_id(error.get("value"))
    return Post(post_id, state=_state_in(error.get("title"), error.get("detail"))) if post_id else None


def reference_kinds(referenced: object) -> Sequence[str]:
    """In which ways a tweet of the API v2 refers to others: ``retweeted``, ``quoted``, ``replied_to``."""
    return [kind for item in _list(referenced) if isinstance(kind := item.get("type"), str)]


def references_v2(tweet: Object, own_id: str, included: Included) -> References | None:
    """What a tweet of the API v2 refers to; None for nothing."""
    referenced, attachments = tweet.get("referenced_tweets"), tweet.get("attachments")
    if not referenced and not attachments:
        return None
    ids: dict[str, str] = {}
    posts: list[Post] = []
    for item in _list(referenced):
        kind, post_id = item.get("type"), optional_id(item.get("id"))
        if kind not in ("replied_to", "quoted") or post_id is None or post_id == own_id:
            continue
        ids.setdefault(kind, post_id)
        # Most have a type and an id alone.
        flattened = post_in(item) if len(item) > 2 else None
        if flattened is not None:
            flattened = _with_pictures(flattened, included.alt_texts(item.get("attachments")))
        if post := flattened or included.post(post_id):
            posts.append(post)
    found = References(
        ids.get("replied_to"), ids.get("quoted"), included.alt_texts(attachments) if attachments else (), tuple(posts)
    )
    return found or None


def references_in(value: Object, own_id: str) -> References | None:
    """What any other object refers to, by the keys that programs and services use; None for nothing."""
    quotes, quoted = _referred(value, _QUOTED, _quoted_ids(value), own_id)
    answers, answered = _referred(value, _ANSWERED, _ANSWERED_IDS, own_id)
    posts = tuple(post for post in (answered, quoted) if post is not None)
    return References(answers, quotes, pictures_in(value), posts) or None


def post_in(value: object) -> Post | None:
    """The post that an object is, bounded; None where it has no id or no text. A tombstone of the web page is one that
    is gone, if its id is known."""
    if not isinstance(value, dict):
        return None
    urls = [url for key in _URLS if isinstance(url := value.get(key), str)]
    post_id = next(filter(None, (optional_id(value.get(key)) for key in _IDS)), None)
    post_id = post_id or next(filter(None, map(id_in_url, urls)), None)
    if post_id is None:
        return None
    if value.get("__typename") in _GONE_TYPES:
        return Post(post_id, state=_state_in(value.get("text")))
    text = _bounded(_longest(value), POST_CHARACTERS)
    if not text:
        return None
    author = next((found for key in _AUTHORS if (found := _object(value.get(key)))), value)
    name = next(filter(None, map(handle_in_url, urls)), "")
    name = name or next(filter(None, (handle(author.get(key)) for key in _HANDLES)), "")
    author_id = optional_id(author.get("id_str") or author.get("id")) if author is not value else None
    return Post(post_id, name, text, pictures_in(value), author_id=author_id)


def pictures_in(value: Object) -> tuple[str, ...]:
    """Descriptions of an object's own pictures."""
    if value.keys().isdisjoint(MEDIA_KEYS):
        return ()
    found: list[str] = []
    if _FILE in value and "tweet_id" in value and isinstance(text := value.get("description"), str):
        found += _alt({"alt_text": text})
    for key in sorted(MEDIA_KEYS):
        inside = value.get(key)
        found += described(_object(inside).get("media") if isinstance(inside, dict) else inside)
    return tuple(dict.fromkeys(found))[:PICTURES]


def _quoted_ids(value: Object) -> Sequence[str]:
    """The keys of what an object quotes; gallery-dl's ``quote_id``, beside ids of its own for the others, quotes it."""
    return _QUOTED_IDS if value.keys().isdisjoint(("retweet_id", "quote_by")) else _QUOTED_IDS_BUT_ONE


def _referred(value: Object, inside: Sequence[str], ids: Iterable[str], own_id: str) -> tuple[str | None, Post | None]:
    """Id and, where it has come along, the post."""
    for key in inside:
        if (post := post_in(value.get(key))) is not None and post.post_id != own_id:
            return post.post_id, post
    for key in inside:
        known = _object(value.get(key))
        if (
            post_id := optional_id(known.get("post_id") or known.get("id_str") or known.get("id"))
        ) and post_id != own_id:
            return post_id, None
    found = (optional_id(value.get(key)) for key in ids)
    return next((post_id for post_id in found if post_id and post_id != own_id), None), None


def _with_pictures(post: Post, alt_texts: tuple[str, ...]) -> Post:
    return (
        Post(post.post_id, post.author_handle, post.text, alt_texts, post.state, post.author_id) if alt_texts else post
    )


def _state_in(*words: object) -> PostState:
    said = " ".join(word for word in words if isinstance(word, str)).lower()
    return PROTECTED if any(each in said for each in _PROTECTED_WORDS) else DELETED


def _longest(value: Object) -> str:
    texts = [text for key in _TEXTS if isinstance(text := value.get(key), str)]
    extended = _object(value.get("extended_tweet")).get("full_text")
    return max([*texts, *([extended] if isinstance(extended, str) else [])], key=len, default="")


def described(media: object) -> tuple[str, ...]:
    """The descriptions that a list of media has, each once and bounded; none where it is no list."""
    return tuple(dict.fromkeys(text for item in _list(media) for text in _alt(item)))[:PICTURES]


def _alt(item: Object) -> list[str]:
    found = (_bounded(text, ALT_CHARACTERS) for key in _ALT_TEXTS if isinstance(text := item.get(key), str))
    return [text for text in found if text][:1]


def _bounded(text: str, most: int) -> str:
    # Entities first, of some more than is kept: what is cut through is none any more.
    text = text_for_storage(resolve_entities(text[: 2 * most]), for_half_a_pair="\ufffd").strip()
    return text if len(text) <= most else text[: most - 1] + "…"


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
