"""Which columns a table has, told by their names and by those beside them.

The names are in ``column_names``; what the cells tell of a column is in ``column_evidence``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from viral_assets.sources.base import ColumnNames
from viral_assets.sources.parsers.addresses import is_of_the_post, service_in
from viral_assets.sources.parsers.column_names import COLUMNS, FIELD_OF, NEEDED, OBJECT_COLUMNS, plain_name
from viral_assets.sources.parsers.fields import A_POST_OF, NO_TWEETS_BUT_ACCOUNTS, UNDECODABLE
from viral_assets.sources.parsers.raw_text import visible

_ABOUT_X = re.compile(r"(?:twitter|x)[ _./-]+(.+)", re.IGNORECASE)
_ABOUT_POSTS = ("tweet", "post")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_OF_OBJECTS = frozenset("./")
"""In names of values within an object, which may be another one than the row's."""
_USER_NAME = re.compile(r"user[ _./-]+name", re.IGNORECASE)
_OF_ACCOUNTS = frozenset({"author_handle", "author_followers"})


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
    def telling(self) -> int:
        """How many fields the names tell. A type has everything, also what is no tweet."""
        return len(self.fields.keys() - {"post_kind"})

    @property
    def missing(self) -> list[str]:
        """What a tweet needs and no column gives, for a message."""
        return [what for what, any_of in NEEDED.items() if not self.fields.keys() & set(any_of)]

    @property
    def described(self) -> list[tuple[str, str]]:
        """Each field and the columns it is taken from, best first, for people."""
        return [
            (field, (" and " if field == "text" else ", else ").join(dict.fromkeys(self.names[at] for at in indexes)))
            for field, indexes in self.fields.items()
        ]

    @property
    def unused(self) -> tuple[str, ...]:
        """The columns that are not read."""
        used = {at for indexes in self.fields.values() for at in indexes} | {index for index, _ in self.objects}
        return tuple(name for index, name in enumerate(self.names) if index not in used)


def layout(names: Sequence[str], own: ColumnNames | None = None) -> Layout:
    """Recognise the columns by their names.

    Args:
        own: a person's own names; columns of these go first, and mean nothing else.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    own_fields = {
        name.strip().casefold(): (field, rank) for field, of in (own or {}).items() for rank, name in enumerate(of)
    }
    objects = []
    plain_names = [plain_name(name) for name in names]
    for index, (name, plain) in enumerate(zip(names, plain_names, strict=True)):
        if mapped := own_fields.get(name.strip().casefold()):
            field, rank = mapped
            found.setdefault(field, []).append((rank - len(own_fields), index))
            continue
        if known := FIELD_OF.get(plain) or _of_x(name, plain):
            found.setdefault(known[0], []).append((known[1], index))
        if plain in OBJECT_COLUMNS:
            objects.append((index, plain))
    _judge_beside_others(names, plain_names, found)
    fields = {field: tuple(index for _, index in sorted(found[field])) for field in COLUMNS if found.get(field)}
    return Layout(tuple(names), fields, tuple(objects))


def _of_x(name: str, plain: str) -> tuple[str, int] | None:
    """What a column is that says in its name that it is about X or its posts: ``X Followers``, ``Twitter Likes`` of
    Brandwatch, ``Tweet Views``; or more about itself, in brackets: ``Likes (total)``.
    """
    about_x = _ABOUT_X.fullmatch(name.strip())
    rest = [plain_name(about_x[1])] if about_x else []
    rest.append(plain_name(_IN_BRACKETS.sub("", name)))
    if _OF_OBJECTS.isdisjoint(name):
        rest += [plain.removeprefix(word) for word in _ABOUT_POSTS if plain.startswith(word)]
    known = next(filter(None, map(FIELD_OF.get, rest)), None)
    return (known[0], known[1] + len(FIELD_OF)) if known else None


def _judge_beside_others(names: Sequence[str], plain: Sequence[str], found: dict[str, list[tuple[int, int]]]) -> None:
    """What columns mean only because of others beside them."""
    if "text" not in found and "dateposted" in plain:
        # Bright Data's name for a post's text; elsewhere it is its author's description.
        found["text"] = [(0, index) for index, each in enumerate(plain) if each == "description"]
    if "queryname" in plain and "pagetype" in plain:
        # Brandwatch's impressions are those that an author of so many followers may have had.
        found["view_count"] = [each for each in found.get("view_count", ()) if plain[each[1]] != "impressions"]
    if "tweetid" in plain and "twitterid" in plain:
        # Meltwater's name for the account's id.
        found["tweet_id"] = [each for each in found["tweet_id"] if plain[each[1]] != "twitterid"]
        found.setdefault("author_id", []).append((len(FIELD_OF), plain.index("twitterid")))
    if "network" in plain:  # Sprout's names
        for field, its in (("text", "post"), ("author_handle", "profile")):
            if field not in found and its in plain:
                found[field] = [(0, plain.index(its))]
    if "authornick" in plain and "authorname" in plain:
        # gallery-dl's name for the handle, beside the displayed name.
        found.setdefault("author_handle", []).append((-1, plain.index("authorname")))
        found["author_name"] = [(0, plain.index("authornick"))]
        # The post that quotes this one, whose handle is in quote_by.
        found["quote_of"] = [each for each in found.get("quote_of", ()) if plain[each[1]] != "quoteid"]
    if "userusername" in plain or "userscreenname" in plain:
        # Then user.name and user_name are the displayed name, which they are the handle without.
        displayed = [at for at, name in enumerate(names) if _USER_NAME.fullmatch(name.strip())]
        found["author_handle"] = [each for each in found["author_handle"] if each[1] not in displayed]
        found.setdefault("author_name", []).extend((len(FIELD_OF), at) for at in displayed)


def lacking(missing: Sequence[str], known: Layout, rows: Sequence[Sequence[str]] = ()) -> str:
    """What to say of a table that lacks what a tweet needs, without the file's name.

    Args:
        missing: see :attr:`Layout.missing`, or what rows tell besides.
        known: the columns there are.
        rows: some, each with as many cells; their addresses may be of another service.
    """
    addresses = [at for at, name in enumerate(known.names) if is_of_the_post(name)]
    services = Counter(filter(None, (service_in(row[at] for at in addresses) for row in rows)))
    if services.total() > len(rows) / 2:
        ((service, _),) = services.most_common(1)
        return f"no file of X: {A_POST_OF}{service}, not of X; give files with tweets"
    if known.fields.keys() >= _OF_ACCOUNTS and "text" not in known.fields:
        return NO_TWEETS_BUT_ACCOUNTS
    names = [name for name in known.names if name]
    if any(map(UNDECODABLE.search, names)):
        return f"no column for {' and '.join(missing)}; names of its columns are not UTF-8: save the file as UTF-8"
    shown = ", ".join(repr(visible(name)[:40]) for name in names[:30])
    return (
        f"no column for {' and '.join(missing)}; its columns are {shown}; say which is which under sources.columns in "
        "a project file"
    )
