"""Whether somebody is insulted by a message. Pure.

A word alone says little: in reports people quote what they were called, "anjing" bites children, and "gila" is how a
rabid dog or a jam is described. So a listed word counts by what stands around it, and in doubt it does not: an insult
that stays is a nuisance, a report that goes may be a life.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from bot.language.tokens import fold

OWN_WORDS = 3
"""So many words beside a quotation make it one; fewer, and the quotation marks are only an excuse."""

_SPELT = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\-_*]){3,}[^\W\d_](?![^\W_])")
_BETWEEN = re.compile(r"[ .\-_*]")
_MARKED = re.compile(r'"[^"]{1,300}"|“[^”]{1,300}”|«[^»]{1,300}»|(?<!\w)[\'‘][^\'’]{1,300}[\'’](?!\w)')
_LINE_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
_CLAUSES = re.compile(r"[.!?;\n]+")
_WORD = re.compile(r"[^\W_]+")
_DISGUISED = re.compile(r"(?<=[^\W\d_])[@$](?=[^\W_])")
_LETTERS = str.maketrans("4103578@$", "aioestbas")
_RUN = re.compile(r"(.)\1+")
_ENDINGS = ("lah", "nya", "mu", "ne", "an", "e")
_SHORTEST_ROOT = 4


@dataclass(frozen=True)
class InsultWords:
    """The word lists of `bot.moderation.protectionfile.Insults`, each word as `plain` makes it."""

    always: frozenset[str] = frozenset()
    aimed: frozenset[str] = frozenset()
    animals: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    quoting: frozenset[str] = frozenset()
    speakers: frozenset[str] = frozenset()
    between: frozenset[str] = frozenset()
    about_animals: frozenset[str] = frozenset()

    @classmethod
    def of(cls, lists: dict[str, Iterable[str]]) -> InsultWords:
        """From the lists as written."""
        return cls(**{one.name: frozenset(map(plain, lists.get(one.name, ()))) for one in fields(cls)})


def insult(text: str, words: InsultWords) -> str | None:
    """The word that insults somebody, as the list has it; `None` when nobody is insulted."""
    spoken = _LINE_QUOTED.sub("", text)
    own = _MARKED.sub(" ", spoken)
    quoted = _MARKED.findall(spoken)
    told = _words(own)
    if quoted and len(told) < OWN_WORDS and words.quoting.isdisjoint(told):
        own = spoken
    clauses = [_words(part) for part in _CLAUSES.split(_joined(fold_lines(own)))]
    listed = words.always | words.aimed | words.animals
    everything = [word for clause in clauses for word in clause]
    if everything and all(_listed(word, listed) for word in everything):
        return everything[0]  # nothing but swearing
    for clause in clauses:
        for index, word in enumerate(clause):
            found = _insults(clause, index, word, words)
            if found is not None:
                return found
    return None


def _insults(clause: Sequence[str], index: int, word: str, words: InsultWords) -> str | None:
    if _quoted(clause, index, words):
        return None
    if found := _listed(word, words.always):
        return found
    aimed_before = index > 0 and clause[index - 1] in words.before
    if found := _listed(word, words.aimed):
        return found if aimed_before or _aimed(clause, index, words) else None
    if word not in words.animals:
        return None
    if aimed_before:
        return word
    told_of = not words.about_animals.isdisjoint(clause)
    return word if not told_of and _aimed(clause, index, words) else None


def _quoted(clause: Sequence[str], index: int, words: InsultWords) -> bool:
    """Whether somebody else's words begin before it: "dia bilang …", but not "saya bilang kamu …"."""
    for place, word in enumerate(clause[:index]):
        if word in words.quoting:
            passive = word.startswith("di")
            if passive or place != 1 or clause[0] not in words.speakers:
                return True
    return False


def _aimed(clause: Sequence[str], index: int, words: InsultWords) -> bool:
    """Next to whom it is aimed at, or with a word like "memang" between them. No farther: "polisi, ada orang gila"."""
    place = index - 1
    while place >= 0 and clause[place] in words.between:
        place -= 1
    return (place >= 0 and clause[place] in words.people) or (
        index + 1 < len(clause) and clause[index + 1] in words.people
    )


def _listed(word: str, listed: frozenset[str]) -> str | None:
    """The word, or what it is without its ending ("gobloknya")."""
    if word in listed:
        return word
    for ending in _ENDINGS:
        root = word.removesuffix(ending)
        if root != word and len(root) >= _SHORTEST_ROOT and root in listed:
            return root
    return None


def _joined(text: str) -> str:
    """Letters set apart ("a n j i n g") as the word that they spell."""
    return _SPELT.sub(lambda found: _BETWEEN.sub("", found[0]), text)


def _words(text: str) -> list[str]:
    return [plain(word) for word in _WORD.findall(_DISGUISED.sub(lambda sign: sign[0].translate(_LETTERS), text))]


def fold_lines(text: str) -> str:
    """Folded line by line: the ends of lines end clauses."""
    return "\n".join(fold(line) for line in text.split("\n"))


def plain(word: str) -> str:
    """A word as it is compared: drawn-out letters once, figures in the place of letters read as those."""
    word = fold(word).rstrip("0123456789") or word
    if not word.isdigit():
        word = word.translate(_LETTERS)
    return _RUN.sub(r"\1", word)
