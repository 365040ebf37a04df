"""The small pattern language in which rules name words.

    kebakaran            the word, also with -nya, -e, -ne, -ku, -mu
    api|asap             either
    kebakar*             begins so; *bakar, *bakar* likewise
    ~tabrak              the root with its affixes: menabrak, ditabrak, nabrak, tabrakan, ketabrak …
    rumah .. terbakar    up to three words between; ... up to eight, never across the end of a sentence
    truk? mogok          the word before ? may be missing
    @kendaraan           any entry of the set of that name
    api|tidak_sadar      _ joins the words of one alternative
    ?                    alone: a question mark

A pattern becomes one regular expression with bounded gaps, searched in `Words.line`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bot.incidents.words import Words, plain

_LETTER = "[^ ¶?]"
_GAPS = {"..": 3, "...": 8}
_ELEMENT = re.compile(r"^(?:\.{2,3}|\?|[@~*]?[\w,.]+[*]?(?:\|[~*@]?[\w,.]+[*]?)*\??)$")
_NASAL = {"p": "m", "t": "n", "k": "ng", "s": "ny", "c": "ny"}
_PREFIX = (
    "(?:di|ke|ter|ber|be|me|mem|men|meng|meny|menge|pe|pem|pen|peng|peny|per|se|ku|tak|n|ng|nge|m"
    "|dipun|dak|kok|tok|diper|memper|keter)?"
)
_SUFFIX = "(?:an|kan|in|i|nya|lah|kah|pun|e|ne|ku|mu|ke|ake|no|aken|ipun){0,2}"
_CLITIC_FROM = 3
"""Letters of a word that may carry a clitic: "apinya", "korbane", "motorku" are found by "api", "korban", "motor"."""


class PatternError(ValueError):
    """A pattern that does not follow the language; the message says how."""


@dataclass(frozen=True)
class Match:
    """Where a pattern was found, in words of the text, both included."""

    pattern: str
    first: int
    last: int


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern."""

    source: str
    expression: str
    """As a regular expression over `Words.line`."""
    literals: frozenset[str]
    """Whole words it looks for: the vocabulary that misspelt words may be corrected to."""
    anchors: tuple[str, ...] = ()
    """Letters of which some stand in every line that it finds: most patterns are ruled out by looking for these."""

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Compiled when first needed: correcting a transcript needs none of them."""
        return re.compile(self.expression)

    def find(self, words: Words) -> Iterator[Match]:
        """Every place where it occurs, left to right."""
        if self.anchors and not any(anchor in words.line for anchor in self.anchors):
            return
        for found in self.regex.finditer(words.line):
            if found.end() > found.start():
                yield Match(self.source, words.index(found.start()), words.index(found.end() - 1))


@dataclass(frozen=True)
class Lexicon:
    """What patterns may refer to, and the words they find."""

    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spelling: Mapping[str, str] = field(default_factory=dict)
    """The same table that texts go through, so that a rule may be written as people write."""


def compile_pattern(source: str, lexicon: Lexicon = Lexicon()) -> Pattern:
    """Translate one pattern. Raises PatternError for a bad element, an unknown set or nothing but gaps."""
    literals: set[str] = set()
    parts: list[str] = []
    anchors: tuple[str, ...] = ()
    solid = 0
    for element in source.replace("-", " ").split():
        if not _ELEMENT.match(element):
            raise PatternError(f"'{element}' in '{source}' is no word, a|b, stem*, ~root, @set, .. or ...")
        if element in _GAPS:
            parts.append(f"(?:{_LETTER}+ ){{0,{_GAPS[element]}}}?")
            continue
        if element == "?":
            parts.append(r"\? ")
            solid += 1
            continue
        optional = element.endswith("?")
        if not optional:
            own = tuple(sorted({anchor for word in element.split("|") for anchor in _anchors(word, lexicon)}))
            anchors = own if not anchors or len(own) < len(anchors) else anchors
        choices = [
            choice for word in element.rstrip("?").split("|") for choice in _choices(word, source, lexicon, literals)
        ]
        parts.append(f"(?:(?:{'|'.join(choices)}) ){'?' if optional else ''}")
        solid += not optional
    if not solid:
        raise PatternError(f"'{source}' names no word")
    return Pattern(source, r"(?:^|(?<= ))" + "".join(parts), frozenset(literals), anchors)


def _anchors(word: str, lexicon: Lexicon) -> Iterator[str]:
    """Letters of which some stand wherever an alternative does."""
    if word.startswith("@"):
        for entry in lexicon.sets.get(word[1:], ()):
            yield from _anchors(entry.replace("-", " ").split()[0], lexicon)
    elif "_" in word:
        yield from _anchors(word.split("_")[0], lexicon)
    elif word.startswith("~"):
        root = plain(word[1:])
        yield root[1:] if root[:1] in _NASAL else root
    else:
        body = plain(word.strip("*"))
        yield lexicon.spelling.get(body, body) if "*" not in word else body


def _choices(word: str, source: str, lexicon: Lexicon, literals: set[str]) -> Iterable[str]:
    if word.startswith("@"):
        if word[1:] not in lexicon.sets:
            raise PatternError(f"'{source}' uses the unknown set '{word}'")
        for entry in lexicon.sets[word[1:]]:
            inner = [
                "|".join(_choices(one, source, Lexicon(spelling=lexicon.spelling), literals))
                for one in entry.replace("-", " ").split()
            ]
            yield " ".join(f"(?:{one})" for one in inner)
        return
    if "_" in word:
        yield " ".join(
            "|".join(_choices(part, source, lexicon, literals)).join(("(?:", ")")) for part in word.split("_")
        )
        return
    if word.startswith("~"):
        root = plain(word[1:])
        forms = [re.escape(root)]
        if root[:1] in _NASAL:
            forms.append(_NASAL[root[0]] + re.escape(root[1:]))
        literals.add(root)
        yield f"{_PREFIX}(?:{'|'.join(forms)}){_SUFFIX}"
        return
    body = plain(word.strip("*"))
    if not body:
        raise PatternError(f"'{word}' in '{source}' would match every word")
    before = f"{_LETTER}*" if word.startswith("*") else ""
    after = f"{_LETTER}*" if word.endswith("*") else ""
    if not before and not after:
        body = lexicon.spelling.get(body, body)
        literals.update(body.split())
        after = _clitics(body)
    yield before + re.escape(body) + after


def _clitics(body: str) -> str:
    if len(body) < _CLITIC_FROM or not body.isalpha():
        return ""
    return "(?:nya|ne|ku|mu)?" if body[-1] in "aiueo" else "(?:nya|e|ne|ku|mu)?"


def samples(source: str, lexicon: Lexicon = Lexicon(), limit: int = 60) -> list[str]:
    """Lines of plain words that a pattern finds, one for each of its alternatives and gaps; for the lint.

    At most `limit` are made, then an empty list is returned: nothing can be proven by a part of them.
    """
    lines = [""]
    for element in source.replace("-", " ").split():
        if element in _GAPS:
            choices = ["", "xq ", "xq " * _GAPS[element]]
        elif element == "?":
            choices = ["? "]
        else:
            words = [word for one in element.rstrip("?").split("|") for word in _sampled(one, lexicon)]
            choices = [word + " " for word in words] + ([""] if element.endswith("?") else [])
        if len(lines) * len(choices) > limit:
            return []
        lines = [line + choice for line in lines for choice in choices]
    return lines


def _sampled(word: str, lexicon: Lexicon) -> Iterator[str]:
    if word.startswith("@"):
        for entry in lexicon.sets.get(word[1:], ()):
            yield " ".join(lexicon.spelling.get(plain(one), plain(one)) for one in entry.replace("-", " ").split())
    elif "_" in word:
        parts = [list(_sampled(part, lexicon)) for part in word.split("_")]
        yield " ".join(part[0] for part in parts)
        if any(len(part) > 1 for part in parts):
            yield " ".join(part[-1] for part in parts)
    elif word.startswith("~"):
        root = plain(word[1:])
        yield from (root, f"di{root}", f"{root}annya")
    else:
        body = plain(word.strip("*"))
        if "*" not in word:
            yield lexicon.spelling.get(body, body)
        else:
            yield body
            yield ("xq" if word.startswith("*") else "") + body + ("xq" if word.endswith("*") else "")
