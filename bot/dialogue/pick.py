"""Which of the offered things a message chooses: by number, by its place, by its label or by a word only it has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.dialogue.conversation import Offer
from bot.language.reading import Reader, Reading

_COUNTED = (
    "satu siji pertama kesatu setunggal", "dua loro kedua kalih", "tiga telu ketiga tigo", "empat papat keempat",
    "lima limo kelima gangsal", "enam enem keenam", "tujuh pitu ketujuh", "delapan wolu kedelapan",
    "sembilan songo sanga kesembilan", "sepuluh kesepuluh", "sebelas kesebelas", "duabelas keduabelas rolas",
)  # fmt: skip
_NUMBERS = {word: number for number, words in enumerate(_COUNTED, start=1) for word in words.split()}
_LAST = frozenset({"terakhir", "akhir", "buncit", "bawah"})
_FIRST = frozenset({"awal", "atas"})
_MIDDLE = frozenset({"tengah"})
_AROUND = frozenset({
    "nomor", "nomer", "nomr", "nmr", "no", "yang", "yg", "sing", "pilih", "pilihan", "milih", "opsi", "option", "angka",
    "ke", "saja", "aja", "itu", "paling", "mau", "deh", "dong", "pak", "bu", "saya", "aku", "ya",
})  # fmt: skip
"""Words that a choice by number or place may hold beside it."""
_DIGITS = re.compile(r"\d{1,2}")
_ORDINAL = re.compile(r"^(?:ke|no)(\d{1,2})$")
_LONGEST_CHOICE = 6


def pick(offers: Sequence[Offer], reading: Reading, reader: Reader) -> int | None:
    """Position in `offers`; None when the message chooses none, or could mean several."""
    if not reading.words or len(reading.words) > _LONGEST_CHOICE:
        return None
    surfaces = [part for word in reading.words for part in word.surface.split()]
    placed = _placed([surface for surface in surfaces if surface not in _AROUND], len(offers))
    if placed is not None:
        return placed if 0 <= placed < len(offers) else None
    said = [word.stem for word in reading.words]
    stems = [[word.stem for word in reader.read(" ".join((offer.label, *offer.words))).words] for offer in offers]
    real = [index for index, offer in enumerate(offers) if offer.choosable]
    for exact in (True, False):
        fitting = [
            index
            for index in real
            if (set(said) <= set(stems[index]) if exact else bool(set(said) & _own(stems[index], stems, index)))
        ]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _placed(words: list[str], count: int) -> int | None:
    """The position that a number or a place names; -1 when it is out of range; None when there is neither."""
    if len(words) == 2 and words == ["dua", "belas"]:
        words = ["duabelas"]
    if len(words) != 1:
        return None
    word = words[0]
    if word in _LAST:
        return count - 1
    if word in _FIRST:
        return 0
    if word in _MIDDLE and count % 2:
        return count // 2
    ordinal = _ORDINAL.match(word)
    number = int(ordinal.group(1)) if ordinal else int(word) if _DIGITS.fullmatch(word) else _NUMBERS.get(word)
    if number is None:
        return None
    return number - 1 if 1 <= number <= count else -1


def _own(words: list[str], all_words: list[list[str]], index: int) -> set[str]:
    """Words that no other offer has."""
    others = {word for number, other in enumerate(all_words) if number != index for word in other}
    return set(words) - others
