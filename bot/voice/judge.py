"""From what the model says to a transcript that says how far to trust it. Pure.

Whisper invents: thanks for watching where nobody speaks, one word a hundred times where it is stuck. What looks
like it is flagged and kept, because the next person may hear more than the machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.voice.heard import CUT, LOOP, LOW_CONFIDENCE, NO_SPEECH, Heard, Segment

NO_SPEECH_PROBABILITY = 0.6
LOG_PROBABILITY = -1.0
COMPRESSION = 2.4
"""Whisper's own three thresholds (arXiv:2212.04356, section 4.5)."""


@dataclass(frozen=True)
class RawSegment:
    """A segment as the model gave it; seconds from the note's beginning."""

    start: float
    end: float
    text: str
    log_probability: float
    """Mean over its tokens."""
    no_speech: float
    """Probability that nobody speaks in this window."""
    compression: float
    """How much smaller zlib makes the text: repetition shows here."""


@dataclass(frozen=True)
class Window:
    """What was heard in one window."""

    segments: tuple[RawSegment, ...]
    seconds: float
    """Time the worker spent."""


def judge(
    windows: Sequence[Window],
    *,
    duration: float,
    cut: bool,
    seconds: float,
    language: str,
    model: str,
    settings: Mapping[str, str | int | float | bool],
) -> Heard:
    """The transcript of a note from its windows in order. `seconds` is what decoding took."""
    raw = [segment for window in windows for segment in window.segments if segment.text.strip()]
    segments = tuple(
        Segment(
            start=round(max(0.0, min(segment.start, duration)), 2),
            end=round(max(0.0, min(segment.end, duration)), 2),
            text=segment.text.strip(),
            confidence=_probability(segment.log_probability),
        )
        for segment in raw
    )
    no_speech = not raw or all(_invented(segment) for segment in raw)
    flags = [NO_SPEECH] if no_speech else []
    if any(segment.log_probability < LOG_PROBABILITY for segment in raw):
        flags.append(LOW_CONFIDENCE)
    if any(segment.compression > COMPRESSION for segment in raw):
        flags.append(LOOP)
    if cut:
        flags.append(CUT)
    return Heard(
        text=" ".join(segment.text for segment in segments),
        segments=segments,
        duration=round(duration, 3),
        language=language,
        no_speech=no_speech,
        confidence=_confidence(raw),
        flags=tuple(flags),
        seconds=round(seconds + sum(window.seconds for window in windows), 3),
        model=model,
        settings=settings,
    )


def _invented(segment: RawSegment) -> bool:
    return segment.no_speech > NO_SPEECH_PROBABILITY and (
        segment.log_probability < LOG_PROBABILITY or segment.compression > COMPRESSION
    )


def _probability(log_probability: float) -> float:
    return round(min(1.0, math.exp(log_probability)), 3)


def _confidence(segments: Sequence[RawSegment]) -> float:
    weights = [max(segment.end - segment.start, 0.1) for segment in segments]
    if not weights:
        return 0.0
    mean = sum(weight * segment.log_probability for weight, segment in zip(weights, segments, strict=True))
    return _probability(mean / sum(weights))
