"""Which places a message names, and in which part.

A name alone is not a scene: thieves flee *towards* Weleri, a victim *lives in* Limpung, "bandar" deals in drugs.
Each name found gets a role from the words before it; names that mean several places keep all their meanings
until something nearer decides, and stay undecided when nothing does (shared definitions, "Place and district").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.incidents.gazetteer import MAX_WORDS, Gazetteer, Place, key
from bot.incidents.mentions import Mention, Role, districts
from bot.incidents.neighbours import settle
from bot.incidents.rules import PlaceCues
from bot.incidents.words import QUESTION, STOP, Words, plain
from bot.language.stem import stem

_MISHEARD_WORDS = 3
"""Words that may be one misheard name: "gring seng", "warung asam"."""
_WITH_KIND, _WITH_CUE, _ALONE, _ORDINARY, _NEVER = 0.78, 0.84, 0.87, 0.9, 2.0
"""How much alike words must sound to be a name (`bot.incidents.phonetic`): after "desa" or beside a place of the same
district, after "di", with nothing beside them, for an ordinary word beside a place ("limbung"), not at all."""
_ALONE_FROM = 8
"""Letters of a name that may be recognised with nothing beside it."""
_AT = "di"
_LANDMARK_WITHIN = 3
"""Words from the kind of a landmark to the town's name: "SMA Negeri 1 Batang"."""
_JOINED_FROM = 5
"""Letters of a name that is recognised after a "di" without a space."""


def find_places(words: Words, gazetteer: Gazetteer, cues: PlaceCues, common: frozenset[str]) -> list[Mention]:
    """Every name in a text, the longest first where names overlap.

    `common` are ordinary words (and words of the rules) that are never taken for a misheard name by themselves.
    """
    return _Search(words, gazetteer, cues, common).run()


class _Search:
    def __init__(self, words: Words, gazetteer: Gazetteer, cues: PlaceCues, common: frozenset[str]) -> None:
        self._words, self._gazetteer, self._cues, self._common = words, gazetteer, cues, common
        self._forms = [word.plain for word in words.words]
        self._written = [plain(word.written) for word in words.words]

    def run(self) -> list[Mention]:
        found: list[Mention] = []
        index = 0
        while index < len(self._forms):
            mention = self._exact(index, found) or self._joined_to_di(index, found) or self._misheard(index, found)
            if mention is None:
                index += 1
            else:
                found.append(mention)
                index = mention.last + 1
        return settle(found, self._forms, self._cues)

    def _exact(self, index: int, found: list[Mention]) -> Mention | None:
        for last in range(min(index + MAX_WORDS, len(self._forms)) - 1, index - 1, -1):
            # "Banyu putih" is a name although banyu is Javanese for air: the letters as written count, too.
            for name in dict.fromkeys((key(self._forms[index : last + 1]), key(self._written[index : last + 1]))):
                meanings = self._gazetteer.meanings(name)
                if meanings and self._allowed(index, last, name, found):
                    return self._mention(index, last, self._narrow(index, last, meanings), 1.0, found, name)
        return None

    def _joined_to_di(self, index: int, found: list[Mention]) -> Mention | None:
        """ "dikandeman", "diklidang lor": "di" written as if it began a verb. Never a name that makes a word with it
        ("ditulis", "ditimbang", "dikit"), nor one that needs a cue of its own."""
        if not self._written[index].startswith(_AT) or self._written[index] == _AT:
            return None
        shortest = index + 1 if self._ordinary(self._written[index]) else index
        for last in range(min(index + MAX_WORDS, len(self._forms)) - 1, shortest - 1, -1):
            name = key(self._written[index : last + 1]).removeprefix(_AT)
            meanings = self._gazetteer.meanings(name)
            if len(name) >= _JOINED_FROM and meanings and not self._gazetteer.cue(name):
                mention = self._mention(index, last, self._narrow(index, last, meanings), 1.0, found, name)
                return replace(mention, said=f"{_AT} {mention.said}")
        return None

    def _misheard(self, index: int, found: list[Mention]) -> Mention | None:
        """The name that up to three words sound like, when what stands beside them speaks for a place."""
        best: tuple[float, int, str] | None = None
        for last in range(index, min(index + _MISHEARD_WORDS, len(self._forms))):
            forms = self._written[index : last + 1]
            if not all(form.isalpha() for form in forms):
                break
            near = self._gazetteer.ear.nearest(key(forms))
            if near is None or near.score == 1 or (best is not None and near.score <= best[0]):
                continue
            if last > index and self._holds_a_name(forms):
                continue
            # A cue belongs before the name, seldom into it ("warung asam").
            lowest = _ALONE if last > index and forms[0] in self._cues.cues else 0.0
            if near.score >= max(lowest, self._needed(index, last, near.key, found)):
                best = near.score, last, near.key
        if best is None:
            return None
        score, last, name = best
        return self._mention(index, last, self._narrow(index, last, self._gazetteer.meanings(name)), score, found, name)

    def _holds_a_name(self, forms: Sequence[str]) -> bool:
        """ "ke Batang" is Batang, heard rightly; and no name ends with a word that belongs before one ("kali dari")."""
        if self._gazetteer.meanings(key(forms[1:])) or self._gazetteer.meanings(key(forms[:-1])):
            return True
        return forms[-1] in self._cues.cues and forms[-1] not in self._cues.cues_after

    def _needed(self, index: int, last: int, name: str, found: list[Mention]) -> float:
        """How much alike the sound must be: less with a cue, never for a word that is an ordinary one."""
        before = self._before(index)
        if before in self._cues.persons and self._joined(index - 1):
            return _NEVER
        beside = self._beside(index, last, name, found)
        asked = before in self._cues.kinds
        after = self._forms[last + 1] if last + 1 < len(self._forms) else ""
        cued = before in self._cues.cues or after in self._cues.cues_after
        if self._gazetteer.cue(name) and not (beside or asked):
            return _NEVER
        if all(self._ordinary(form) for form in self._forms[index : last + 1]):
            if last == index:
                return _ORDINARY if beside else _NEVER
            return _ALONE if beside or asked or cued else _NEVER
        if beside or asked:
            return _WITH_KIND
        if cued:
            return _WITH_CUE
        return _ALONE if len(name) >= _ALONE_FROM else _NEVER

    def _beside(self, index: int, last: int, name: str, found: list[Mention]) -> bool:
        """Whether the next name on either side lies in the same district."""
        own = {district for place in self._gazetteer.meanings(name) for district in place.districts}
        if found and found[-1].last == index - 1 and own & districts(found[-1]):
            return True
        start = last + 1
        while start < len(self._forms) and self._forms[start] in self._cues.kinds:
            start += 1
        for end in range(min(start + 3, len(self._forms)), start, -1):
            others = self._gazetteer.meanings(key(self._forms[start:end]))
            if own & {district for place in others for district in place.districts}:
                return True
        return False

    def _ordinary(self, form: str) -> bool:
        return form in self._common or form in self._cues.cues or stem(form) in self._common

    def _before(self, index: int) -> str:
        return self._forms[index - 1] if index else ""

    def _allowed(self, index: int, last: int, name: str, found: list[Mention]) -> bool:
        before = self._before(index)
        if before in self._cues.persons and self._joined(index - 1):
            return False
        need = self._gazetteer.cue(name)
        if not need or last > index:
            return True
        if before in self._cues.kinds or (found and found[-1].last == index - 1):
            return True
        if need == "strong":
            return False
        after = self._forms[last + 1] if last + 1 < len(self._forms) else ""
        word = self._words.words[index]
        # Speech models write names with a capital inside a sentence; at its beginning that says nothing.
        named = word.written[:1].isupper() and not word.written.isupper() and before not in ("", STOP, QUESTION)
        return self._cue_before(index) in self._cues.cues or after in self._cues.cues_after or named

    def _cue_before(self, index: int) -> str:
        """The word before a name, or the one before that where an adjective stands between ("jalan baru Tulis")."""
        return (
            self._before(index - 1) if index > 1 and self._before(index) in self._cues.fillers else self._before(index)
        )

    def _joined(self, index: int) -> bool:
        """Whether only spaces stand between a word and the next: a comma ends a form of address ("Mas, Tulis …")."""
        gap = self._words.text[self._words.words[index].end : self._words.words[index + 1].start]
        return not gap.strip()

    def _narrow(self, index: int, last: int, meanings: tuple[Place, ...]) -> tuple[Place, ...]:
        after = self._forms[last + 1] if last + 1 < len(self._forms) else ""
        wanted = self._cues.kinds.get(self._before(index))
        if wanted is None and after in self._cues.cues_after:
            wanted = self._cues.kinds.get(after)
        chosen = tuple(place for place in meanings if wanted is None or place.kind in wanted) or meanings
        towns = tuple(place for place in chosen if place.kind == "district")
        regency = any(place.kind == "regency" for place in chosen)
        near = self._forms[max(index - _LANDMARK_WITHIN, 0) : index]
        if towns and (self._ends_a_road(index, last) or (regency and self._cues.landmarks & set(near))):
            return towns
        inside = {place.districts for place in chosen if place.kind != "outside"}
        if len(inside) == 1 and wanted is None:
            # One district either way: "Limpung" alone is the district, "Plelen" the village and not the road there;
            # "Kemiri" is either of two villages, so both stay.
            kinds = {place.kind: place for place in reversed(chosen)}
            if "district" in kinds:
                return (kinds["district"],)
            if "outside" not in kinds:
                return tuple(place for place in chosen if place.kind == "village") or chosen[:1]
        return chosen

    def _ends_a_road(self, index: int, last: int) -> bool:
        """ "Jalan Bawang-Dieng": roads are called after the towns at both their ends."""

        def road(at: int) -> bool:
            return "road" in self._cues.kinds.get(self._before(at), ())

        def named(first: int, end: int) -> bool:
            return first >= 0 and bool(self._gazetteer.meanings(key(self._forms[first:end])))

        ends = range(last + 2, min(last + 1 + MAX_WORDS, len(self._forms)) + 1)
        starts = range(max(index - MAX_WORDS, 0), index)
        return (road(index) and any(named(last + 1, end) for end in ends)) or any(
            road(start) and named(start, index) for start in starts
        )

    def _mention(
        self, first: int, last: int, meanings: tuple[Place, ...], score: float, found: list[Mention], name: str
    ) -> Mention:
        span = self._words.span(first, last)
        heard = self._words.quote(span)
        return Mention(
            first, last, span, meanings, self._role(first, found), score, heard, self._gazetteer.written(name)
        )

    def _role(self, first: int, found: list[Mention]) -> Role:
        before = first
        # "ke arah desa X": the cue of the name stands between the direction and the name
        while before and self._forms[before - 1] in self._cues.kinds:
            before -= 1
        said = [
            (len(phrase), role)
            for phrases, role in (
                (self._cues.scenes, Role.SCENE),
                (self._cues.homes, Role.HOME),
                (self._cues.directions, Role.DIRECTION),
                (self._cues.origins, Role.ORIGIN),
            )
            for phrase in phrases
            for end in (before, first)
            if end >= len(phrase) and tuple(self._forms[end - len(phrase) : end]) == phrase
        ]
        if said:
            # "Nutup jalan arah X" says more than "arah X".
            return max(said, key=lambda one: one[0])[1]
        if found:
            between = self._forms[found[-1].last + 1 : first]
            joined = [form for form in between if form not in self._cues.kinds]
            if not joined or joined in (["atau"], ["dan"]):
                return found[-1].role
        return Role.SCENE
