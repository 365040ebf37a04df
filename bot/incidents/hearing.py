"""What was said, beside what was heard: names of places that a speech model wrote wrongly, put right.

The text as heard is kept and shown; the corrected one stands beside it, and each change says what was heard, which
name was meant and how much alike they sound. Only names are corrected, and only where `bot.incidents.places` would
take the words for that name: an ordinary word stays what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.incidents.mentions import Mention
from bot.incidents.words import Span


@dataclass(frozen=True)
class Change:
    """One name put right."""

    heard: str
    """As the transcript has it."""
    name: str
    """As the gazetteer has it."""
    score: float
    """0 to 1, how much alike they sound (`bot.incidents.phonetic`); 1 when only the spaces were wrong."""
    span: Span
    """Of the heard words, in the text as heard."""

    def to_json(self) -> dict[str, Any]:
        """As it is kept beside a transcript."""
        return {"heard": self.heard, "name": self.name, "score": round(self.score, 3), "span": list(self.span)}


@dataclass(frozen=True)
class Hearing:
    """A transcript in both forms."""

    text: str
    """As heard."""
    corrected: str
    """With the names put right; the same as `text` when there was nothing to do."""
    changes: tuple[Change, ...] = ()


def correct(text: str, mentions: Sequence[Mention]) -> Hearing:
    """The text with every misheard name replaced by the one that was meant."""
    changes = tuple(
        Change(mention.heard, name, mention.score, mention.span)
        for mention in mentions
        if (name := _meant(mention)) is not None
    )
    corrected = text
    for change in sorted(changes, key=lambda change: change.span, reverse=True):
        corrected = corrected[: change.span[0]] + change.name + corrected[change.span[1] :]
    return Hearing(text, corrected, changes)


def _meant(mention: Mention) -> str | None:
    """The name to write instead; `None` when it was heard rightly: an abbreviation ("jln pantura") is no mistake."""
    heard, said = _letters(mention.heard), _letters(mention.said)
    if mention.score == 1 and (heard == said or heard.replace(" ", "") != said.replace(" ", "")):
        return None
    return mention.said or None


def _letters(words: str) -> str:
    return " ".join(words.replace("-", " ").casefold().split())
