"""Why a message was decided as it was, as plain data: for the audit, and for a person at `--explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.language.reading import Change

if TYPE_CHECKING:
    from bot.dialogue.understand import Understander, Understanding

_SHOWN = 3


def explain(understanding: Understanding, understander: Understander) -> dict[str, Any]:
    """JSON-serialisable; the words of the message appear in it, so it is kept where messages are kept."""
    reading = understanding.reading
    shown = [*understanding.candidates[:_SHOWN], *understanding.held[:1]]
    return {
        "read_as": reading.text,
        "protected": [word.surface for word in reading.words if word.change is Change.PROTECTED],
        "normalised": {**reading.changed(Change.NORMALISED), **reading.changed(Change.PHRASE)},
        "corrected": reading.changed(Change.CORRECTED),
        "facets": list(understanding.facets),
        "entities": understanding.entities,
        "topics": list(understanding.topics),
        "unexplained": list(understanding.unexplained),
        "rule": list(understanding.hit.words) if understanding.hit else None,
        "candidates": [
            {
                "intent": candidate.label,
                "score": candidate.score,
                "topic_missing": candidate in understanding.held,
                "evidence": understanding.ranking.evidence(candidate.label),
            }
            for candidate in shown
        ],
        "thresholds": dict(vars(understander.thresholds)),
    }
