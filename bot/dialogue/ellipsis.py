"""What a list of things leaves out: "tidak bawa sim dan stnk" names "tidak bawa stnk" as well, "sim a, c" the SIM C."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.dialogue.phrases import PhraseIndex
from bot.language.reading import Reader, Reading, Word

Span = tuple[int, int]
_LONGEST_TAIL = 3
"""Words of a thing that follows: "lampu merah", "sabuk pengaman"."""


class Ellipsis:
    """Finds the phrases whose beginning stands before an earlier thing of the same list."""

    def __init__(self, index: PhraseIndex, reader: Reader, between: Iterable[str]) -> None:
        """`between`: words that may stand between two things of a list ("dan"); there need be none."""
        self._index = index
        self._between = frozenset(word.text for phrase in between for word in reader.read(phrase).words)

    def find(self, reading: Reading, found: Mapping[str, list[Span]], kinds: tuple[str, ...]) -> dict[str, list[Span]]:
        """`found`, and where the further things stand. `kinds`: beginnings of the names of the lists that count."""
        result = {name: list(spans) for name, spans in found.items()}
        words = reading.words
        for name, spans in found.items():
            if not name.startswith(kinds):
                continue
            kind = "".join(name.partition("=" if "=" in name else ":")[:2])
            for start, end in spans:
                head, position = words[start : end - 1], end
                while head and (more := self._next(words, head, position, kind)) is not None:
                    other, span = more
                    known = result.setdefault(other, [])
                    if span not in known:
                        known.append(span)
                    position = span[1]
        return result

    def _next(self, words: tuple[Word, ...], head: tuple[Word, ...], end: int, kind: str) -> tuple[str, Span] | None:
        """The list that holds `head` and the words from `end` on together, and where those stand."""
        start = end + 1 if end < len(words) and words[end].text in self._between else end
        for length in range(min(_LONGEST_TAIL, len(words) - start), 0, -1):
            whole = Reading((*head, *words[start : start + length]))
            for name, spans in self._index.find(whole).items():
                if name.startswith(kind) and (0, len(whole.words)) in spans:
                    return name, (start, start + length)
        return None
