"""What about a thing is asked, among all the words that may ask it.

A facet's word asks as a rule, and a message may hold it and ask nothing: "jam tangan saya hilang" is no question about
hours, "motor suami dicuri" none about who may come in another's place. The content tells the two apart: phrases of
`facets` ask, words of `faint` do so only where nothing else is told, and within one of the `idioms` no word asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from bot.dialogue.flows import Flows
from bot.dialogue.phrases import PhraseIndex

Span = tuple[int, int]
Found = Mapping[str, Sequence[Span]]
"""Name of each list that stands in a message → where."""
FACET = "facet:"
_FAINT = "faint:"
_IDIOM = "idiom:"


class Asking:
    """Built once from the content."""

    def __init__(self, flows: Flows, index: PhraseIndex) -> None:
        self._facets = tuple(flows.facets)
        for facet, phrases in flows.facets.items():
            index.add(FACET + facet, phrases)
        for facet, phrases in flows.faint.items():
            index.add(_FAINT + facet, phrases)
        index.add(_IDIOM, flows.idioms)

    def asked(self, found: Found, told: Iterable[int]) -> tuple[str, ...]:
        """The facets that a message asks, in the order of the content. `told`: where its words are that are neither
        grammar nor a topic."""
        surely = tuple(facet for facet in self._facets if self._spans(found, facet, faint=False))
        if surely:
            return surely
        maybe = {facet: self._spans(found, facet, faint=True) for facet in self._facets}
        asking = {position for spans in maybe.values() for start, end in spans for position in range(start, end)}
        return tuple(facet for facet, spans in maybe.items() if spans) if asking.issuperset(told) else ()

    def mentioned(self, found: Found) -> set[str]:
        """The facets that a text is about, as far as its words go: what an answer tells."""
        return {facet for facet in self._facets if self._spans(found, facet, faint=True)}

    def _spans(self, found: Found, facet: str, *, faint: bool) -> list[Span]:
        """Where it is asked or told of. `faint`: with the words that only may ask it."""
        spans = [span for span in found.get(FACET + facet, ()) if not _within(span, found.get(_IDIOM, ()))]
        weak: Set[Span] = set() if faint else set(found.get(_FAINT + facet, ()))
        return [span for span in spans if span not in weak]


def _within(span: Span, wider: Iterable[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in wider)
