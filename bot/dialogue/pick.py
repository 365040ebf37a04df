"""Which of the offered things a message chooses: by number, by its label, or by a word that only one of them has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.dialogue.conversation import Offer
from bot.language.reading import Reader, Reading

_NUMBERS = {"satu": 1, "pertama": 1, "siji": 1, "dua": 2, "kedua": 2, "loro": 2, "tiga": 3, "ketiga": 3, "telu": 3}
_BY_NUMBER = re.compile(r"^(?:nomor|nomer|no|yang|pilih|opsi|pilihan|angka)?\s*(?:nomor|nomer|no|ke)?\s*(\d{1,2})$")
_LONGEST_CHOICE = 6


def pick(offers: Sequence[Offer], reading: Reading, reader: Reader) -> int | None:
    """Position in `offers`; None when the message chooses none, or could mean several."""
    text = " ".join(word.surface for word in reading.words)
    number = _BY_NUMBER.match(text)
    spoken = next((_NUMBERS[word] for word in text.split() if word in _NUMBERS), None) if len(text) < 24 else None
    position = int(number.group(1)) if number else spoken
    if position is not None:
        return position - 1 if 1 <= position <= len(offers) else None
    if not reading.words or len(reading.words) > _LONGEST_CHOICE:
        return None
    said = [word.stem for word in reading.words]
    stems = [[word.stem for word in reader.read(" ".join((offer.label, *offer.words))).words] for offer in offers]
    for exact in (True, False):
        fitting = [
            index
            for index, words in enumerate(stems)
            if (set(said) <= set(words) if exact else bool(set(said) & _own(words, stems, index)))
        ]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _own(words: list[str], all_words: list[list[str]], index: int) -> set[str]:
    """Words that no other offer has."""
    others = {word for number, other in enumerate(all_words) if number != index for word in other}
    return set(words) - others
