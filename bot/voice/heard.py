"""What was heard in a voice note, and how sure we are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NO_SPEECH = "no_speech"
"""Nobody speaks, or the words are more likely the model's own invention."""
LOW_CONFIDENCE = "low_confidence"
LOOP = "loop"
"""Some words repeat as only a stuck model repeats them."""
CUT = "cut"
"""Longer than speech.max_seconds: only the beginning was heard."""
QUIET = frozenset((NO_SPEECH, LOOP))
"""Doubts that keep words from alarming anybody: perhaps nobody said them. They are shown with the doubt and the
recording. Low confidence is none of these: rain alone makes it, and a call for help unheard is worse than one too many.
"""


@dataclass(frozen=True)
class Segment:
    """A stretch of speech."""

    start: float
    """Seconds from the note's beginning."""
    end: float
    text: str
    confidence: float
    """0 to 1: the geometric mean of the tokens' probabilities."""


@dataclass(frozen=True)
class Heard:
    """A transcript as the machine heard it. Doubtful words are flagged, never removed."""

    text: str
    segments: tuple[Segment, ...]
    duration: float
    """Seconds of sound, counted in decoded samples; what the sender claims is not asked."""
    language: str
    no_speech: bool
    confidence: float
    """Mean over the segments, weighted by their length; 0 without any."""
    flags: tuple[str, ...]
    seconds: float
    """Time that workers spent on it."""
    model: str
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """All that must be equal for a second run to hear the same."""
