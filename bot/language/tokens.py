"""Chat text to words: the one tokeniser that questions, transcripts and the search index share.

Made for what people really type: `rt/rw`, `jl.raya`, `Jum'at`, `100.000`, full-width letters, zero-width
joiners, Zalgo. Never raises, whatever the text.
"""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn", "Mn", "Me"}
_APOSTROPHES = re.compile(r"(?<=[^\W\d_])['’‘`ʼ](?=[^\W\d_])")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[.]\d{3})+(?![\d.])")
_RUPIAH = re.compile(r"\brp\.?\s*(?=\d)")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """One line of plain lower-case text: compatibility forms unified (NFKC), marks and invisible characters gone.

    Combining marks go because Indonesian has none and Zalgo is made of them; "café" becomes "cafe".
    """
    if text.isascii():
        return " ".join(_printable(text).casefold().split())
    decomposed = unicodedata.normalize("NFKD", text)
    kept = (
        " " if character.isspace() else character
        for character in decomposed
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    return " ".join(unicodedata.normalize("NFKC", "".join(kept)).casefold().split())


def tokens(text: str) -> list[str]:
    """The words and numbers of a text, folded, in order.

    Thousands are joined ("Rp100.000" gives "rp", "100000"), an apostrophe inside a word is dropped ("jum'at" gives
    "jumat"), everything else that is neither letter nor digit separates.
    """
    folded = _APOSTROPHES.sub("", fold(text))
    if _DIGIT.search(folded):
        folded = _RUPIAH.sub("rp ", folded)
        folded = _THOUSANDS.sub(lambda number: number.group().replace(".", ""), folded)
    return _WORD.findall(folded)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)
