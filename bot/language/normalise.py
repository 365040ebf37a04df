"""One chat word to the word it stands for: slang, stretched letters, "ibu2", "simnya", "dirumah", "ngurus".

Every rule may only arrive at a word that is already known; a word that no rule leads home is left alone
for `bot.language.correct`.
"""

from __future__ import annotations

import re
from collections.abc import Set

from bot.language.lexicon import Lexicon

_TWICE = re.compile(r"^([^\W\d_]{3,})2(?:nya|an)?$")
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_STRETCHED = re.compile(r"([^\W\d_])\1\1")
_SUFFIXES = ("nya", "kah", "lah", "pun", "ku", "mu", "in", "an", "ne", "e")
_PREFIXES = ("di", "ke", "se")
_MINIMUM_ROOT = 3


def normalise(token: str, lexicon: Lexicon, known: Set[str]) -> tuple[str, ...]:
    """The words that `token` stands for; itself, alone, when it is known or nothing leads to a known word."""
    if token in lexicon.protected:
        return (token,)
    if token in lexicon.rewrites:
        return lexicon.rewrites[token]
    root = token.removesuffix("nya")
    if root != token and len(root) >= _MINIMUM_ROOT and (root in known or root in lexicon.rewrites):
        return lexicon.rewrites.get(root, (root,))  # even when an example happens to hold "biayanya"
    if token in known or len(token) < _MINIMUM_ROOT:
        return (token,)
    twice = _TWICE.match(token)
    if twice:
        return normalise(twice.group(1), lexicon, known)
    for found in _shorter(token, lexicon, known):
        return found
    return (token,)


def _shorter(token: str, lexicon: Lexicon, known: Set[str]) -> list[tuple[str, ...]]:
    """Readings of an unknown word as a known one in another dress, best first."""
    if any(character.isdigit() for character in token):
        return []
    readings: list[tuple[str, ...]] = []

    def home(word: str) -> tuple[str, ...] | None:
        if word in lexicon.rewrites:
            return lexicon.rewrites[word]
        return (word,) if word in known else None

    for squeezed in (_DOUBLED.sub(r"\1\1", token), _DOUBLED.sub(r"\1", token)):
        found = home(squeezed) if squeezed != token else None
        # "simmm" is drawn out; "simm" may be another code, and codes are exact.
        if found and (squeezed not in lexicon.protected or _STRETCHED.search(token)):
            readings.append(found)
    for suffix in _SUFFIXES:
        root = token.removesuffix(suffix)
        if root != token and len(root) >= _MINIMUM_ROOT + (len(suffix) < 3):
            found = home(root)
            if found:
                readings.append(found)
    for prefix in _PREFIXES:
        root = token.removeprefix(prefix)
        if root != token and len(root) > _MINIMUM_ROOT:
            found = home(root)
            if found:
                # "dirumah" is "di rumah", "dibuat" is a passive; without the place words of a dictionary both
                # are read as the root alone: "di" and "ke" carry nothing that an intent depends on.
                readings.append(found)
    if token.startswith("ng") and len(token) >= 5:
        found = home(token[2:]) or home("k" + token[2:])
        if found:
            readings.append(found)
    if token.startswith("ny") and len(token) >= 5:
        found = home("s" + token[2:]) or home("c" + token[2:])
        if found:
            readings.append(found)
    return readings
