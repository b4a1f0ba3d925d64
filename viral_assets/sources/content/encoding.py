"""How the text of a file is encoded: one of the UTF family, perhaps with some damage, or Windows-1252.

Other encodings of a byte a letter (Windows-1251, 1253, 1255, 1256, ISO 8859) use the same bytes for letters of other
scripts, so that nearly any of their texts could be Windows-1252 by its bytes. They are told by their words, which have
no ASCII in them, and pass for damaged UTF-8: what cannot be read is rejected, and nothing is stored as another text.
"""

from __future__ import annotations

import codecs
import re

# Windows-1252 as people's texts use it: accented letters, quotation marks, dashes, the euro sign. What is left out
# (ÿ, þ, ×, control codes) appears in damaged files far more often than in texts.
_ACCENTED = "".join(chr(0xDC00 + byte) for byte in range(0xC0, 0xFE) if byte not in (0xD7, 0xF7))
_TYPOGRAPHIC = "".join(
    chr(0xDC00 + byte) for byte in b"\x80\x85\x91\x92\x93\x94\x96\x97\xa0\xa1\xa3\xab\xb0\xb4\xb7\xbb\xbf"
)
_NOT_IN_TEXT = re.compile(f"[\udc80-\udcff](?<![{_ACCENTED}{_TYPOGRAPHIC}])")
_OTHER_SCRIPT = re.compile(f"[{_ACCENTED}]{{3,}}")
"""Words of Windows-1252 mix accented letters with others: three in a row are of no language that is written in it."""

_ACCENTED_LETTER = re.compile(f"[{_ACCENTED}]")
_ACCENTED_IN_WORD = re.compile(f"[{_ACCENTED}](?=[A-Za-z{_ACCENTED}])|(?<=[A-Za-z{_ACCENTED}])[{_ACCENTED}]")


def wide_encoding(head: bytes) -> str:
    """The encoding of text whose characters have two or four bytes; empty for all other."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: headers and keys are mostly ASCII, which every second byte of is zero.
    start = head[:1000]
    half = len(start) // 2
    for encoding, zeros, others in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if half >= 8 and zeros.count(0) > 0.8 * half and others.count(0) < 0.1 * half:
            return encoding
    return ""


class EncodingDetector:
    """UTF-8 with some damage, or Windows-1252? The latter has accented letters in words, among letters of ASCII, and no
    valid UTF-8 beside."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._valid = self._accented = self._in_words = self._of_other_script = 0
        self._impossible = False

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes. What is decided already, as it mostly is by the first emoji, is not looked at."""
        if self._valid or self._impossible or (chunk.isascii() and not self._decoder.getstate()[0]):
            return
        text = self._decoder.decode(chunk)
        if text.isascii():
            return
        undecodable = len(re.findall("[\udc80-\udcff]", text)) if self._has_surrogates(text) else 0
        self._valid += len(text) - len(text.encode("ascii", "ignore")) - undecodable
        if undecodable and not self._impossible:
            self._impossible = _NOT_IN_TEXT.search(text) is not None
            self._accented += len(_ACCENTED_LETTER.findall(text))
            self._in_words += len(_ACCENTED_IN_WORD.findall(text))
            self._of_other_script += sum(map(len, _OTHER_SCRIPT.findall(text)))

    def conclude(self) -> str:
        if self._impossible or self._valid or not self._accented or 2 * self._in_words < self._accented:
            return "utf-8"
        if 4 * self._of_other_script > self._accented:
            return "utf-8"
        return "cp1252"

    @staticmethod
    def _has_surrogates(text: str) -> bool:
        try:
            text.encode()
        except UnicodeEncodeError:
            return True
        return False
