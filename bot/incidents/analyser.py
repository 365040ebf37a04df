"""From the words of a message to a proposal: is it a report, of what, how urgent, where. Pure, no model.

What cannot be understood but sounds like somebody who needs something becomes `tidak_jelas`, which is a report:
nothing is dropped because the machine did not understand it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.incidents.analysis import Analysis
from bot.incidents.forms import Forms
from bot.incidents.gazetteer import Gazetteer
from bot.incidents.hearing import Hearing, correct
from bot.incidents.judgement import Judgement
from bot.incidents.mentions import Mention
from bot.incidents.particulars import find_particulars
from bot.incidents.places import find_places
from bot.incidents.rules import Rules
from bot.incidents.scene import scene
from bot.incidents.spoken import join_numbers
from bot.incidents.words import Words, gather, scan
from bot.language.stem import stem

_CORRECT_FROM = 8
"""Letters a word needs before one wrong letter is forgiven: shorter words turn into other words ("banjar")."""
_SILENT = "-"
"""Stands for a word that says nothing where it stands; no pattern finds it."""
MAX_TEXT = 20_000
"""Characters that are looked at; a longer text is a paste, not a report. Spans stay valid."""


class Analyser:
    """Analyses messages under one set of rules and names."""

    def __init__(self, gazetteer: Gazetteer, rules: Rules) -> None:
        self.gazetteer = gazetteer
        self.rules = rules
        self._vocabulary = sorted(word for word in rules.vocabulary if len(word) >= _CORRECT_FROM)
        self._corrected: dict[str, str] = {}
        self._forms = Forms(rules.vocabulary, rules.common)

    def analyse(
        self,
        text: str,
        *,
        room_districts: Sequence[str] = (),
        when: datetime | None = None,
        spoken: bool = True,
    ) -> Analysis:
        """Understand one message. Never raises on any text.

        `room_districts` settle a name that means several places; `when` is the time of sending, from which
        words like "tadi malam" are resolved. A `spoken` note with words that fit nothing is `tidak_jelas`; a typed
        line is chat.
        """
        words = self._read(text)
        mentions = find_places(words, self.gazetteer, self.rules.place, self.rules.common)
        where = scene(mentions, room_districts)
        rules = self.rules
        particulars = find_particulars(words, when, rules.people, rules.times, rules.codes, rules.negation)
        judged = self._reduced(words, mentions)
        return replace(Judgement(text, judged, mentions, where, rules, spoken).result(), particulars=particulars)

    def hear(self, text: str) -> Hearing:
        """The transcript with names of places put right, and what was changed. Never raises on any text."""
        words = self._read(text)
        return correct(text, find_places(words, self.gazetteer, self.rules.place, self.rules.common))

    def _read(self, text: str) -> Words:
        words = self._correct(scan(text[:MAX_TEXT], self.rules.spelling))
        return join_numbers(words, self.rules.codes.numbers)

    def _reduced(self, words: Words, mentions: Sequence[Mention]) -> Words:
        """Every word as the rules know it, but for names and what follows a word like "desa" ("dukuh Sigayung")."""
        named = {index for mention in mentions for index in range(mention.first, mention.last + 1)}
        announced = self.rules.place.kinds
        reduced = [
            word
            if index in named or (index and words.words[index - 1].plain in announced)
            else replace(word, plain=self._forms.reduce(word.plain))
            for index, word in enumerate(words.words)
        ]
        return self._without_idioms(gather(words.text, reduced))

    def _without_idioms(self, words: Words) -> Words:
        """ "Anak ayam" is no child, "banjir pesanan" no flood: such a word says nothing."""
        silent = {
            index
            for word, phrases in self.rules.idioms.items()
            for phrase in phrases
            for match in phrase.find(words)
            for index in range(match.first, match.last + 1)
            if word in (words.words[index].plain, stem(words.words[index].plain))
        }
        if not silent:
            return words
        return gather(
            words.text,
            [replace(word, plain=_SILENT) if index in silent else word for index, word in enumerate(words.words)],
        )

    def _correct(self, words: Words) -> Words:
        """Misspelt long words become the rule word they are one letter from ("kecelakan" → "kecelakaan"); Javanese
        is read in either spelling ("podho", "podo")."""
        spelling = {
            word.plain: self.rules.spelling.get(modern, modern)
            for word in words.words
            if (modern := _modern(word.plain)) != word.plain
            and word.plain not in self.rules.common
            and modern in self.rules.common
        }
        spelling |= {
            word.plain: self._nearest(word.plain)
            for word in words.words
            if len(word.plain) >= _CORRECT_FROM and word.plain not in self.rules.vocabulary
        }
        changed = {bad: good for bad, good in spelling.items() if bad != good}
        return scan(words.text, {**self.rules.spelling, **changed}) if changed else words

    def _nearest(self, word: str) -> str:
        if word not in self._corrected:
            if len(self._corrected) > 50_000:
                self._corrected.clear()
            best = None
            if word.isalpha() and not self.gazetteer.meanings(word):
                best = process.extractOne(word, self._vocabulary, scorer=OSA.distance, score_cutoff=1)
            self._corrected[word] = best[0] if best is not None and best[0][0] == word[0] else word
        return self._corrected[word]


def _modern(word: str) -> str:
    """Javanese as most people type it: without the h of dh and th."""
    return word.replace("dh", "d").replace("th", "t")
