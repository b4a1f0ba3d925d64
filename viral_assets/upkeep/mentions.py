"""Where ids and handles stand: in a text, and in the files of a folder. However many are looked for, each text is read
once."""

from __future__ import annotations

import contextlib
import re
import string
from collections.abc import Collection, Iterator
from pathlib import Path

_BLOCK_BYTES = 1 << 20
_LONGEST = 64
"""Bytes at the end of a block that may belong to what follows: more than an id, a handle or the address of a post."""

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(rb"\d+")
_ADDRESS = re.compile(rb"/(\w{1,15})/status/")
_IN_NAMES = string.ascii_letters.encode() + string.digits.encode() + b"_/"


def names_any(text: str, names: Collection[str]) -> bool:
    """Whether a text has one of the names as a word of its own: no longer id or handle that begins or ends like it.

    Args:
        names: in small letters; best as a set.
    """
    return any(word in names for word in _WORD.findall(text.casefold()))


def files_naming(folder: Path | None, ids: Collection[str], handles: Collection[str] = ()) -> Iterator[Path]:
    """Files that hold one of the ids, or the address of a post of one of the accounts. Packed ones are not opened.

    Args:
        folder: may be missing.
        handles: in small letters, without the ``@``.
    """
    numbers, accounts = {each.encode() for each in ids}, {each.encode() for each in handles}
    if folder is None or not (numbers or accounts):
        return
    for file in sorted(folder.rglob("*")):
        if file.is_file() and _names(file, numbers, accounts):
            yield file


def _names(file: Path, numbers: set[bytes], accounts: set[bytes]) -> bool:
    rest = b""
    with contextlib.suppress(OSError), file.open("rb") as content:
        while block := content.read(_BLOCK_BYTES):
            text = rest + block
            # What stands at the very end may go on: it is looked at with what follows.
            end = len(text.rstrip(_IN_NAMES))
            rest = text[max(end, len(text) - _LONGEST) :]
            if _stands_in(text[: len(text) - len(rest)], numbers, accounts):
                return True
    return _stands_in(rest, numbers, accounts)


def _stands_in(text: bytes, numbers: set[bytes], accounts: set[bytes]) -> bool:
    return not numbers.isdisjoint(_NUMBER.findall(text)) or (
        bool(accounts) and any(name.lower() in accounts for name in _ADDRESS.findall(text))
    )
