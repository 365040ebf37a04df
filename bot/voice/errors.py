"""What can go wrong between a voice note and its words.

All of these cross a process border, so each is rebuilt from its arguments alone.
"""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """Why a medium will never become words, whoever tries again."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    """Truncated before the first sound, garbage, or a container that is not accepted from strangers."""
    NO_AUDIO = "no_audio"
    """A picture or a film without sound."""
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    """Longer than speech.max_seconds, and nothing said in that time."""
    TOO_SLOW = "too_slow"
    """Decoding alone took longer than a note may."""


class VoiceError(Exception):
    """Base of this package's errors."""


class MediaError(VoiceError):
    """A medium that cannot be heard, now or later: do not retry."""

    def __init__(self, reason: Fault, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.detail}" if self.detail else self.reason.value


class SpeechTimeout(VoiceError):
    """A window took longer than speech.timeout_seconds; its worker was ended. A retry may succeed."""


class WorkerCrashed(VoiceError):
    """The worker died while it had this note: count it towards the note's quarantine."""


class WorkerLost(VoiceError):
    """A worker ended for a reason that is no note's fault (a signal from outside, idle death): try again."""


class PoolClosed(VoiceError):
    """The pool is shutting down; the note is untouched and can be heard after the next start."""


class ModelMissing(VoiceError):
    """No such model in the cache or at the path."""


class ModelBroken(VoiceError):
    """The model is there but cannot be loaded."""


class SpeakingFailed(VoiceError):
    """A text could not be made into sound; the text itself goes its way."""


class FetchFailed(VoiceError):
    """A model could not be fetched. `unreachable` when the network, not the content, was at fault."""

    def __init__(self, message: str, unreachable: bool = False) -> None:
        super().__init__(message, unreachable)
        self.unreachable = unreachable

    def __str__(self) -> str:
        return str(self.args[0])
