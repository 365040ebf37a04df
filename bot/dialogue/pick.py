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
    whole = [index for index, phrases in enumerate(_phrases(offers, reader)) if tuple(said) in phrases]
    if len(whole) == 1:
        return whole[0]
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
        found = mentioned(offers, reading, reader) if exact else None
        if found is not None:
            return found
    return None


def mentioned(offers: Sequence[Offer], reading: Reading, reader: Reader) -> int | None:
    """Position of the only offer whose label, or one of whose words, stands in a message of any length.

    Of phrases that overlap the longest counts: "motor listrik" is no "motor".
    """
    stems = [word.stem for word in reading.words]
    spans = [
        (start - end, start, end, index)
        for index, phrases in enumerate(_phrases(offers, reader))
        for start in range(len(stems))
        for end in range(start + 1, len(stems) + 1)
        if tuple(stems[start:end]) in phrases
    ]
    kept: list[tuple[int, int, int]] = []
    for _, start, end, index in sorted(spans):
        if all(end <= other or beyond <= start or (start, end) == (other, beyond) for other, beyond, _ in kept):
            kept.append((start, end, index))
    found = {index for _, _, index in kept}
    return found.pop() if len(found) == 1 else None


def _phrases(offers: Sequence[Offer], reader: Reader) -> list[set[tuple[str, ...]]]:
    """The stems of each label and word of each offer that can be chosen."""
    return [
        {tuple(word.stem for word in reader.read(text).words) for text in (offer.label, *offer.words)} - {()}
        if offer.choosable
        else set()
        for offer in offers
    ]


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
