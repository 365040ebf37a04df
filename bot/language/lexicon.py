"""The words that a district's people use: what is protected, what is rewritten, what carries no meaning.

A `Lexicon` is data (flows/lexicon.yaml); an empty one leaves text as it is, which is how other people's
intents are matched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Lexicon:
    """Rules for reading chat text. All words are folded tokens (`bot.language.tokens`)."""

    protected: frozenset[str] = frozenset()
    """Codes and names of the trade (sim, skck, lp, sp2hp): never rewritten, never corrected, never a correction."""
    rewrites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """One word to the words it stands for: slang, spelling habits, Javanese."""
    phrases: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    """Several words to the words they stand for ("surat izin mengemudi" to "sim"); longest first wins."""
    fillers: frozenset[str] = frozenset()
    """Words that say nothing about what is asked (pak, dong, ya); left out before matching."""
    courtesies: frozenset[str] = frozenset()
    """Greetings and thanks: left out when the message says anything else ("pagi pak, syarat sim?")."""
    hollow: frozenset[str] = frozenset()
    """Words of grammar: any number of them explains nothing and needs no explanation."""
    asking: frozenset[str] = frozenset()
    """Words that make a question of a message, whatever it is about (bagaimana, berapa, mana)."""
    common: frozenset[str] = frozenset()
    """Correct words that are no business of the flows; listed so that they are not "corrected" into one that is."""
    ordinary: frozenset[str] = frozenset()
    """Root words of the language: neither they nor their forms are corrected. They explain nothing, unlike the rest."""

    @property
    def longest_phrase(self) -> int:
        """Words in the longest phrase; 0 without phrases."""
        return max((len(phrase) for phrase in self.phrases), default=0)

    def words(self) -> Iterable[str]:
        """Every word that the lexicon itself considers correct."""
        yield from self.protected
        yield from self.fillers
        yield from self.courtesies
        yield from self.common
        yield from self.hollow
        for target in self.rewrites.values():
            yield from target
        for phrase, target in self.phrases.items():
            yield from phrase
            yield from target
