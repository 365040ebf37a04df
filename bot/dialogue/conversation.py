"""Where a talk with one person stands: small, serialisable, forgotten after a while."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

EXPIRES_AFTER = timedelta(minutes=30)
"""Without a message for so long a talk starts afresh."""
_VERSION = 1


@dataclass(frozen=True)
class Offer:
    """One of the things the person was asked to choose from."""

    label: str
    words: tuple[str, ...] = ()
    intent: str | None = None
    """Choosing it asks this intent; None: "none of these", or a step's option."""
    value: str | None = None
    goto: str | None = None


@dataclass(frozen=True)
class Conversation:
    """The state between two messages."""

    updated_at: datetime
    """Aware, UTC."""
    intent: str | None = None
    """What was answered last."""
    question: str = ""
    """The last question as read, personal numbers masked: what a correction ("maksud saya SKCK") corrects."""
    facets: tuple[str, ...] = ()
    entities: dict[str, str] = field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    running: tuple[str, int] | None = None
    """Intent and number of the step that waits for an answer."""
    slots: dict[str, str] = field(default_factory=dict)
    misses: int = 0
    """Messages in a row that were not understood."""
    content: str = ""
    """Digest of the flows it was last talked under."""

    def expired(self, now: datetime) -> bool:
        """Nothing of it may be used any more."""
        return now - self.updated_at > EXPIRES_AFTER

    def settled(self, now: datetime) -> Conversation:
        """The same talk with nothing waiting for an answer."""
        return replace(self, updated_at=now, offers=(), running=None, slots={})

    def under(self, content: str, intents: Set[str]) -> Conversation:
        """The same talk under other flows: what waits for an answer, and intents that are gone, are forgotten."""
        known = self.intent if self.intent in intents else None
        return Conversation(self.updated_at, known, self.question, misses=self.misses, content=content)

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        data = asdict(self)
        data["updated_at"] = self.updated_at.astimezone(UTC).isoformat()
        data["version"] = _VERSION
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Conversation | None:
        """Inverse of `to_json`; None for a state that a different version wrote: the talk starts afresh."""
        if data.get("version") != _VERSION:
            return None
        fields = {key: value for key, value in data.items() if key != "version"}
        fields["updated_at"] = datetime.fromisoformat(fields["updated_at"])
        fields["facets"] = tuple(fields["facets"])
        fields["offers"] = tuple(Offer(**{**offer, "words": tuple(offer["words"])}) for offer in fields["offers"])
        fields["running"] = (fields["running"][0], fields["running"][1]) if fields["running"] else None
        return cls(**fields)
