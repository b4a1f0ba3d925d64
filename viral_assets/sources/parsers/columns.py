"""Which column means what, and how a row of any table becomes a tweet: CSV, Parquet, JSON objects of unknown make.

A row is a list of texts, blank where there is nothing. Where rows come from is in ``csv_table``, ``parquet_file`` and
``json_shapes``.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from viral_assets.errors import ConfigurationError
from viral_assets.sources.parsers.fields import (
    Times,
    UnusableError,
    author_name,
    handle,
    handle_in_url,
    id_in_url,
    is_blank,
    is_retweet_text,
    language,
    optional_id,
    tweet_id,
    tweet_text,
    written_count,
)
from viral_assets.sources.tweet import Tweet

RETWEET_COUNTS = "retweet with the original's counts, which are not its own: taken as 0"
NO_RESULTS = "a search that found nothing"

# Names are compared without case and anything but letters and digits: tweet_id, tweetId, "Tweet Id", author/userName.
# Where several are present, the first non-empty one counts (of texts, the longest).
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "tweet_id": ("tweetid", "idstr", "statusid", "postid", "tweetidstr", "twitterid", "id", "ids"),
    "url": (
        *("url", "tweeturl", "twitterurl", "link", "tweetlink", "permalink", "permanenturl", "posturl", "posturls"),
        *("linktotweet", "linktopost", "statusurl", "tweetpermalink", "xurl", "tweetwebsite"),
    ),
    "text": (
        *("fulltext", "text", "tweettext", "content", "tweetcontent", "rawcontent", "renderedcontent", "tweet"),
        *("posttext", "postcontent", "posttexts", "body", "notetweettext", "extendedtweetfulltext", "message"),
        "longobjectbody",
    ),
    "created_at": (
        *("createdat", "tweetcreatedat", "postedat", "publishedat", "createdatutc", "timestamp", "datetime"),
        *("createdtime", "created", "date", "tweetdate", "time", "postdate", "datepublished", "pubdate", "createdutc"),
        *("publishdate", "dateutc", "tweetcreated", "tweettime", "tweettimestamp", "postedtime", "dateposted"),
    ),
    "collected_at": (
        *("collectedat", "retrievedat", "scrapedat", "fetchedat", "crawledat", "twarcretrievedat", "extractedat"),
    ),
    "author_handle": (
        # A screen name is the handle; a user name is that to some and the displayed name to others.
        *("authorusername", "authorhandle", "authorscreenname", "userscreenname", "screenname", "userusername"),
        *("actorpreferredusername", "username", "handle", "userhandle", "twitterhandle", "fromuser", "fromusername"),
        *("userposted", "author", "user"),
    ),
    "author_id": ("authorid", "userid", "useridstr", "authoridstr", "fromuserid", "fromuseridstr"),
    "author_name": (
        *("authorname", "displayname", "userdisplayname", "authordisplayname", "name", "fullname", "actordisplayname"),
        "fromuserrealname",
    ),
    "author_followers": (
        *("authorfollowers", "followers", "followerscount", "followercount", "userfollowers", "userfollowerscount"),
        *("authorfollowerscount", "authorpublicmetricsfollowerscount", "userpublicmetricsfollowerscount"),
        *("actorfollowerscount", "fromuserfollowercount"),
    ),
    "author_verified": (
        *("authorverified", "verified", "userverified", "authorisblueverified", "isblueverified", "userisblueverified"),
        *("authorisverified", "isverified", "userblue", "actorverified", "fromuserverified"),
    ),
    "lang": ("lang", "language", "tweetlang", "tweetlanguage", "twitterlang"),
    # The verb of an activity is "post" or "share".
    "is_retweet": ("isretweet", "isrt", "verb"),
    "is_reply": ("isreply",),
    "retweet_of": (
        *("referencedtweetsretweetedid", "retweetedstatusid", "retweetedtweetid", "retweetid", "retweetof"),
        *("retweettweetid", "retweetstatusid"),
    ),
    "reply_to": (
        *("inreplytoid", "inreplytostatusid", "inreplytouserid", "inreplytotweetid", "replyto", "inreplyto"),
        *("inreplytostatusidstr", "referencedtweetsrepliedtoid", "inreplytolink", "replytostatusid"),
    ),
    "quote_of": (
        *("referencedtweetsquotedid", "quotedstatusid", "quotedtweetid", "quoteid", "quoteof"),
        "quotedtweettweetid",
    ),
    "is_quote": ("isquote", "isquotestatus", "isquotetweet"),
    "references": ("referencedtweets", "references"),
    "like_count": (
        *("likecount", "favoritecount", "favouritecount", "likes", "favorites", "favoritescount", "likescount"),
        *("favourites", "publicmetricslikecount", "metricslikecount", "nlikes", "statslikes", "tweetnumberoflikes"),
    ),
    "reply_count": (
        *("replycount", "replies", "comments", "commentcount", "repliescount", "publicmetricsreplycount"),
        *("metricsreplycount", "nreplies", "statscomments", "tweetnumberofreviews"),
    ),
    "retweet_count": (
        *("retweetcount", "retweets", "repostcount", "reposts", "retweetscount", "shares", "publicmetricsretweetcount"),
        *("repostscount", "metricsretweetcount", "nretweets", "statsretweets", "tweetnumberofretweets"),
    ),
    "quote_count": (
        "quotecount",
        "quotes",
        "publicmetricsquotecount",
        "metricsquotecount",
        "quotescount",
        "statsquotes",
    ),
    "view_count": (
        *("viewcount", "views", "impressioncount", "impressions", "viewscount", "publicmetricsimpressioncount"),
        *("metricsimpressioncount",),
    ),
    "bookmark_count": (
        "bookmarkcount",
        "bookmarks",
        "bookmarkedcount",
        "publicmetricsbookmarkcount",
        "metricsbookmarkcount",
    ),
    "conversation_id": ("conversationid", "conversationidstr", "threadid"),
    "no_results": ("noresults",),
}
NEEDED = {"the tweet's id": ("tweet_id", "url"), "its text": ("text",), "its time": ("created_at",)}

Mapped = Mapping[str, Sequence[str]]
"""A person's own names of columns: a field of :data:`COLUMNS`, and what the column may be called."""

# Columns whose cells may hold an object, as `DataFrame.to_csv` leaves them: the names inside count as columns.
_OBJECT_COLUMNS = frozenset({"publicmetrics", "metrics", "author", "user", "stats"})
_LONGEST_OBJECT = 20_000

_FIELD_OF = {name: (field, rank) for field, names in COLUMNS.items() for rank, name in enumerate(names)}
_NOT_IN_NAMES = re.compile("[^a-z0-9]+")
_TRUE = frozenset({"true", "1", "1.0", "yes", "y", "t", "share"})
_FORMULA_TEXT = re.compile(r'="?([^"]*)"?')
_MARKED_ID = re.compile(r"""(?:x|tag:search\.twitter\.com,2005:)(\d{5,19})""")
_REFERENCE = re.compile(r"""["']?type["']?\s*[:=]\s*["']?(retweeted|replied_to|quoted)\b""")


def plain_name(column: str) -> str:
    """The name of a column as it is compared."""
    return _NOT_IN_NAMES.sub("", column.lower())


def together(by_project: Mapping[str, Mapping[Any, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """The names of columns of several projects as one, for files that are everybody's.

    Raises:
        ConfigurationError: one name means different things to two projects.
    """
    meaning: dict[str, tuple[str, str]] = {}
    names: dict[str, list[str]] = {}
    for project, mapped in by_project.items():
        for field, of in mapped.items():
            for name in of:
                other, theirs = meaning.setdefault(name.strip().casefold(), (project, field))
                if theirs != field:
                    raise ConfigurationError(
                        f"the column {name!r} is {theirs} to project {other} and {field} to project {project}; "
                        "say with --project whose file this is"
                    )
                if name not in names.setdefault(field, []):
                    names[field].append(name)
    return {field: tuple(of) for field, of in names.items()}


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a table are.

    Args:
        names: of all columns, in order.
        fields: for each field the indexes of its columns, best first.
        objects: columns that may hold an object, and the plain name that those inside it begin with.
    """

    names: tuple[str, ...]
    fields: Mapping[str, tuple[int, ...]]
    objects: tuple[tuple[int, str], ...] = ()

    @property
    def missing(self) -> list[str]:
        """What a tweet needs and no column gives, for a message."""
        return [what for what, any_of in NEEDED.items() if not self.fields.keys() & set(any_of)]

    @property
    def unused(self) -> tuple[str, ...]:
        """The columns that are not looked at."""
        used = {index for where in self.fields.values() for index in where} | {index for index, _ in self.objects}
        return tuple(name for index, name in enumerate(self.names) if index not in used)


def layout(names: Sequence[str], mapped: Mapped | None = None) -> Layout:
    """Recognise the columns by their names; those a person has mapped go first, and mean nothing else."""
    found: dict[str, list[tuple[int, int]]] = {}
    own = {
        name.strip().casefold(): (field, rank) for field, of in (mapped or {}).items() for rank, name in enumerate(of)
    }
    objects = []
    plain_names = [plain_name(name) for name in names]
    for index, (name, plain) in enumerate(zip(names, plain_names, strict=True)):
        if told := own.get(name.strip().casefold()):
            found.setdefault(told[0], []).append((told[1] - len(own), index))
            continue
        if known := _FIELD_OF.get(plain):
            found.setdefault(known[0], []).append((known[1], index))
        if plain in _OBJECT_COLUMNS:
            objects.append((index, plain))
    if "text" not in found and "dateposted" in plain_names:
        # Bright Data's name for a post's text; elsewhere it is its author's description.
        found["text"] = [(0, index) for index, plain in enumerate(plain_names) if plain == "description"]
    fields = {field: tuple(index for _, index in sorted(found[field])) for field in COLUMNS if found.get(field)}
    return Layout(tuple(names), fields, tuple(objects))


class Rows:
    """Turns rows of one table into tweets.

    Args:
        ids_rounded: a spreadsheet has rounded the ids of this table to 15 digits.
    """

    def __init__(self, layout: Layout, times: Times, remarks: Counter[str], *, ids_rounded: bool = False) -> None:
        self._fields = layout.fields
        self._objects = layout.objects
        self._times = times
        self._remarks = remarks
        self._ids_rounded = ids_rounded

    def tweet(self, cells: Sequence[str]) -> Tweet | None:
        """The tweet of one row, which has as many cells as the table has columns; None where it says it is none.

        Raises:
            UnusableError: it lacks what a tweet needs, or has it in a form that makes no sense.
        """
        fields, inside = self._fields, self._opened(cells) if self._objects else {}
        if inside:
            opened = {index for index, _ in self._objects}
            cells = ["" if index in opened and cell.startswith("{") else cell for index, cell in enumerate(cells)]

        def first(field: str) -> str:
            for index in fields.get(field, ()):
                if not is_blank(cells[index]):
                    return cells[index].strip()
            return inside.get(field, "")

        def number(field: str) -> int | None:
            return written_count(field, first(field))

        def flag(field: str) -> bool:
            return first(field).lower() in _TRUE

        if flag("no_results"):
            self._remarks[NO_RESULTS] += 1
            return None
        url = first("url")
        identity = self._tweet_id(first("tweet_id"), url)
        created_at = self._times.created_at(self._time(cells), identity)
        text = tweet_text(*[cells[index] for index in fields.get("text", ())])
        references = _REFERENCE.findall(first("references"))
        retweet = flag("is_retweet") or bool(first("retweet_of")) or "retweeted" in references
        counts: dict[str, Any] = {
            "like_count": number("like_count") or 0,
            "reply_count": number("reply_count") or 0,
            "retweet_count": number("retweet_count") or 0,
            "quote_count": number("quote_count") or 0,
            "view_count": number("view_count"),
            "bookmark_count": number("bookmark_count"),
        }
        return Tweet(
            tweet_id=identity,
            created_at=created_at,
            text=text,
            author_handle=handle_in_url(url) or handle(first("author_handle")),
            collected_at=self._times.collected_at(first("collected_at")),
            author_id=optional_id(plain_id(first("author_id"))),
            author_name=author_name(first("author_name")),
            author_followers=number("author_followers"),
            author_verified=flag("author_verified"),
            lang=language(first("lang")),
            is_retweet=retweet or is_retweet_text(text),
            is_reply=flag("is_reply") or bool(first("reply_to")) or "replied_to" in references,
            is_quote=flag("is_quote") or bool(first("quote_of")) or "quoted" in references,
            conversation_id=optional_id(first("conversation_id")),
            **(own_counts(counts, self._remarks) if retweet else counts),
        )

    def _opened(self, cells: Sequence[str]) -> dict[str, str]:
        """What objects inside cells tell, by field."""
        found: dict[str, tuple[int, str]] = {}
        for index, prefix in self._objects:
            for name, value in named_texts(_object_in(cells[index])):
                known = _FIELD_OF.get(prefix + plain_name(name))
                if known is None or is_blank(value):
                    continue
                field, rank = known
                if field not in found or rank < found[field][0]:
                    found[field] = (rank, value.strip())
        return {field: value for field, (_, value) in found.items()}

    def _time(self, cells: Sequence[str]) -> str:
        """The time of posting; where a column has but the date, the next one has the time of day."""
        columns = self._fields.get("created_at", ())
        found = [cells[index].strip() for index in columns if not is_blank(cells[index])]
        return " ".join(found[:2] if found and len(found[0]) <= len("2026-03-17") else found[:1])

    def _tweet_id(self, written: str, url: str) -> str:
        """The id of its column; from the tweet's address where that has none, or one a spreadsheet has ruined."""
        bare = plain_id(written)
        ruined = self._ids_rounded and is_rounded(bare)
        try:
            identity = tweet_id(bare)
        except UnusableError:
            if in_url := id_in_url(url) or id_in_url(bare):
                return in_url
            raise
        if ruined:
            if in_url := id_in_url(url):
                return in_url
            raise UnusableError("bad_id", f"{identity} was rounded by a spreadsheet, as the other ids of this file")
        return identity


def own_counts(counts: Mapping[str, int | None], remarks: Counter[str]) -> dict[str, Any]:
    """The counts of a retweet itself. Sources give it those of the original, which its author has not earned; nobody
    can like or answer a retweet.
    """
    if any(counts.values()):
        remarks[RETWEET_COUNTS] += 1
    return {name: None if name in ("view_count", "bookmark_count") else 0 for name in counts}


def plain_id(written: str) -> str:
    """An id without what keeps spreadsheets and statisticians from rounding it (``'123``, ``="123"``, ``"123"``, R's
    ``x123``), and without the tag that activity streams put before it.
    """
    written = written.strip().removeprefix("'")
    if written.isdecimal():
        return written
    formula = _FORMULA_TEXT.fullmatch(written) if written.startswith("=") else None
    written = formula[1] if formula else written.strip('"')
    marked = _MARKED_ID.fullmatch(written)
    return marked[1] if marked else written


def is_rounded(identity: str) -> bool:
    """Whether an id ends as those that a spreadsheet has rounded do."""
    return len(identity) == 19 and identity.endswith("0000")


def _object_in(cell: str) -> Any:
    """The object that a cell holds as JSON or as Python writes it; None where it holds none."""
    if not cell.startswith("{") or len(cell) > _LONGEST_OBJECT:
        return None
    try:
        return orjson.loads(cell)
    except ValueError:
        try:
            return ast.literal_eval(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None


def named_texts(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The values of an object as a table has them: dotted names, and texts."""
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        dotted = f"{prefix}{name}"
        if isinstance(inner, dict) and depth < 3:
            yield from named_texts(inner, f"{dotted}.", depth + 1)
        else:
            yield dotted, cell_text(inner)


def cell_text(value: Any) -> str:
    """A value as a cell of a table would have it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        try:
            return str(value)
        except ValueError:  # thousands of digits
            return "a very long number"
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    try:
        return orjson.dumps(value, default=str).decode()
    except (TypeError, ValueError):
        return ""
