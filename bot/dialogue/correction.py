"""What is meant instead of the message before: "eh maksud saya SKCK", "bukan SIM tapi STNK", "ga jadi SIM, SKCK"."""

from __future__ import annotations

import re

from bot.dialogue.joints import spoken
from bot.dialogue.model import PhrasesFile
from bot.language.lexicon import Lexicon
from bot.language.reading import Reader

_CLAUSE = re.compile(r"[,.;:!?\n]+")


class Correction:
    """Built once from the phrases."""

    def __init__(self, phrases: PhrasesFile, lexicon: Lexicon, reader: Reader) -> None:
        self._reader = reader
        self._empty = lexicon.hollow | lexicon.courtesies
        self._correcting = spoken(phrases.corrections)
        self._denying = spoken(phrases.denials)
        self._contrast = spoken(phrases.contrasts)

    def meant(self, text: str) -> str | None:
        """What is meant instead; None when nothing is taken back ("SP2HP maksudnya apa?" asks for a meaning)."""
        return self._by_phrase(text) or self._by_contrast(text)

    def _by_phrase(self, text: str) -> str | None:
        if self._correcting is None or not self._correcting.search(text):
            return None
        before, *after = self._correcting.split(text)
        said = [piece for piece in after if self._says_something(piece)]
        if not said:  # "SKCK maksudku"
            return before if self._says_something(before) else None
        denied = self._denying is not None and self._denying.search(before) is not None
        return said[-1] if denied or not self._says_something(before) else None

    def _by_contrast(self, text: str) -> str | None:
        """ "bukan SIM, SKCK" and "SKCK, bukan SIM"."""
        denied = self._denying.search(text) if self._denying else None
        if denied is None:
            return None
        before, after = text[: denied.start()], text[denied.end() :]
        if self._says_something(before):
            return before if self._closed(before) and self._says_something(after) else None
        denial, *clauses = _CLAUSE.split(after)
        pieces = [piece for clause in (denial, *clauses) for piece in self._apart(clause)]
        said = [piece for piece in pieces if self._says_something(piece)]
        bare = bool(clauses) and not self._says_something(denial)  # "ga jadi, SKCK aja"
        return said[-1] if len(said) > 1 or (bare and said) else None

    def _closed(self, text: str) -> bool:
        """A clause ends here: "SKCK, bukan SIM", not "ini bukan penipuan"."""
        return bool(_CLAUSE.search(text.rstrip()[-1:]))

    def _apart(self, clause: str) -> list[str]:
        return self._contrast.split(clause) if self._contrast else [clause]

    def _says_something(self, text: str) -> bool:
        return any(word.text not in self._empty for word in self._reader.read(text).words)
