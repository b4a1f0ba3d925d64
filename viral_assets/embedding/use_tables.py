"""The multilingual model as it is computed with, kept on this machine so that a process has it in milliseconds.

The package packs its weights for the way to a machine: to unpack them takes half a second of every process that
embeds, and its tokenizer three quarters. The first process that reads the checked files lays the arrays out in the
user's cache, under the digests of the files they are made of, and later ones map them into memory, where all processes
share them. What is computed is the same to the last bit.

The package's files are not hashed again then: what is used was made of files with these digests, and whatever the
package's files are by now has no part in it. Whoever can write to a user's cache can write to their programs too; a
folder that others can write to is not used. Where nothing can be kept, every process reads the package's files.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from viral_assets.embedding.use_tokenizer import Arrays, Tokenizer, tokenizer_arrays, tokenizer_of
from viral_assets.embedding.use_weights import (
    PIECES,
    PIECES_SHA256,
    TABLE,
    WEIGHTS,
    WEIGHTS_SHA256,
    UseWeights,
    checked,
    resources,
    weight_arrays,
    weights_of,
)

LAYOUT = 1
"""Counts changes in what is kept."""

NAME = f"use-multilingual-3-{WEIGHTS_SHA256[:16]}-{PIECES_SHA256[:16]}-{LAYOUT}"

_TABLE, _REST = "table.npy", "rest.npz"


def load_model() -> tuple[UseWeights, Tokenizer]:
    """The weights and the tokenizer, from what is kept or else from the package.

    Raises:
        ConfigurationError: the package is not installed, or its files are not the known ones.
    """
    files, folder = resources(), cache_folder()
    arrays = None if folder is None else _kept(folder / NAME)
    if arrays is None:
        arrays = weight_arrays(checked(files / WEIGHTS, WEIGHTS_SHA256))
        checked(files / PIECES, PIECES_SHA256)
        arrays |= tokenizer_arrays(files / PIECES)
        if folder is not None:
            _keep(folder, arrays)
    return weights_of(arrays), tokenizer_of(arrays)


def cache_folder() -> Path | None:
    """Where programs of this user keep what they can make anew; None where there is no such place."""
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        return None
    return base / "viral_assets" if base.is_absolute() else None


def _kept(folder: Path) -> Arrays | None:
    """None where there is nothing, or nothing that may be used."""
    try:
        if not _is_ours(folder.parent) or not _is_ours(folder):
            return None
        table = np.load(folder / _TABLE, mmap_mode="r", allow_pickle=False)
        with (folder / _REST).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {TABLE: table} | {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def _keep(folder: Path, arrays: Arrays) -> None:
    """Lay the arrays out for others, in one step; where that does not work, they go without."""
    made = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(folder):
            return
        made = Path(tempfile.mkdtemp(prefix=".", dir=folder))
        rest: dict[str, Any] = {name: array for name, array in arrays.items() if name != TABLE}
        with (made / _TABLE).open("wb") as file:
            np.save(file, arrays[TABLE])
            _to_disk(file)
        with (made / _REST).open("wb") as file:
            np.savez(file, **rest)
            _to_disk(file)
        if (folder / NAME).exists():  # broken, as it could not be used
            shutil.rmtree(folder / NAME, ignore_errors=True)
        made.rename(folder / NAME)
    except OSError:
        pass  # read-only, full, or another process was first
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _to_disk(file: BinaryIO) -> None:
    """Before it gets its name: else a power failure could leave a file of that name without its content."""
    file.flush()
    os.fsync(file.fileno())


def _is_ours(folder: Path) -> bool:
    """Whether nobody but this user can have put anything there."""
    status = folder.stat()
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(status.st_mode)
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
