"""Packed files, as far as only their bytes count; what becomes of the tweets in them is tested with the formats."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from backports import zstd

from viral_assets.sources.content.decompress import Content
from viral_assets_tests.sources.formats_at_hand import pzstd, skippable

TEXT = b"".join(b"line %d of a text\n" % number for number in range(20_000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "packed"


def unpacked(path: Path, packed: bytes) -> tuple[bytes, str | None]:
    """The content of a file with these bytes, and why it ends before its time."""
    path.write_bytes(packed)
    content = Content(path)
    with content.stream:
        assert content.packing == "zstd"
        return content.stream.read(), content.damage


class TestFramesOfZstd:
    def test_all_frames_of_pzstd_are_one_content(self, path: Path) -> None:
        assert unpacked(path, pzstd(TEXT, piece=100_000)) == (TEXT, None)

    @pytest.mark.parametrize("first", [0x50, 0x5E, 0x5F])
    def test_a_frame_to_be_skipped_may_be_anywhere_and_of_any_kind(self, path: Path, first: int) -> None:
        note = bytes([first]) + skippable(b"a table of where frames begin")[1:]
        half, rest = zstd.compress(TEXT[:1000]), zstd.compress(TEXT[1000:])
        assert unpacked(path, note + note + half + note + rest + note) == (TEXT, None)

    def test_a_frame_to_be_skipped_is_not_kept_however_long_it_is(self, path: Path) -> None:
        assert unpacked(path, skippable(bytes(2**22)) + zstd.compress(TEXT)) == (TEXT, None)

    def test_one_that_claims_to_be_longer_than_the_file_is_a_file_cut_off(self, path: Path) -> None:
        endless = b"\x50\x2a\x4d\x18" + b"\xff" * 4
        assert unpacked(path, zstd.compress(TEXT) + endless + zstd.compress(TEXT)) == (
            TEXT,
            f"the zstd file is cut off after {len(TEXT):,} bytes of content",
        )

    def test_a_frame_that_needs_too_much_memory_is_refused_behind_one_to_be_skipped_too(self, path: Path) -> None:
        window_of_256_mib = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([(28 - 10) << 3])
        content, damage = unpacked(path, skippable(b"note") + window_of_256_mib + bytes(100))
        assert content == b""
        assert damage
        assert "more than 128 MiB" in damage
        assert "zstd -d --long=31" in damage

    def test_what_zstd_has_packed_with_long_windows_is_not_called_damaged(self, path: Path) -> None:
        options: dict[int, int] = {zstd.CompressionParameter.window_log: 31}
        compressor = zstd.ZstdCompressor(options=options)
        content, damage = unpacked(path, compressor.compress(TEXT) + compressor.flush())
        assert content == b""
        assert damage == (
            "the zstd file takes more than 128 MiB to unpack (zstd --long=31); unpack it with zstd -d --long=31 and "
            "give that; reading ends after 0 bytes of content"
        )

    def test_little_of_a_bomb_is_in_memory_at_once(self, path: Path) -> None:
        path.write_bytes(skippable(b"note") + zstd.compress(bytes(2**25)))
        assert path.stat().st_size < 2**14
        tracemalloc.start()
        with Content(path).stream as stream:
            length = sum(len(chunk) for chunk in iter(lambda: stream.read(2**16), b""))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert length == 2**25
        assert peak < 2**21
