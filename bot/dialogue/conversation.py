"""Where a talk with one person stands: small, serialisable, forgotten after a while."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

EXPIRES_AFTER = timedelta(minutes=30)
"""Without a message for so long a talk starts afresh."""
_VERSION = 3
_READABLE = {1, 2, 3}
"""Still understood: version 2 added alarm, place and trail, version 3 `beside` and `language`."""
LONGEST_ALARM = 1000
"""Characters of an alarm's words that are kept."""
_LONGEST_TRAIL = 20


@dataclass(frozen=True)
class Offer:
    """One of the things the person was asked to choose from."""

    label: str
    words: tuple[str, ...] = ()
    intent: str | None = None
    """Choosing it asks this intent; None: "none of these", or a step's option."""
    value: str | None = None
    goto: str | None = None

    @property
    def choosable(self) -> bool:
        """By its words; "none of these" is chosen by its number or by saying so."""
        return self.intent is not None or self.value is not None or self.goto is not None


@dataclass(frozen=True)
class Alarm:
    """An emergency told in private: what officers would be told, once the person agrees."""

    reason: str
    """The policy rule."""
    words: str
    """What was said of it, personal numbers masked."""
    place: str | None = None
    """A shared location, "latitude,longitude"."""
    private: bool = False
    """Never to be repeated outside of the operations room."""

    def more(self, words: str) -> Alarm:
        """With something added."""
        return replace(self, words=f"{self.words}\n{words}".strip()[:LONGEST_ALARM])


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
    beside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Further values of these entities that the talk is about: "sim a dan sim c"."""
    offers: tuple[Offer, ...] = ()
    running: tuple[str, int] | None = None
    """Intent and number of the step that waits for an answer."""
    slots: dict[str, str] = field(default_factory=dict)
    trail: tuple[tuple[str, int], ...] = ()
    """Steps of the running talk that were answered before the one that waits, for going back."""
    alarm: Alarm | None = None
    """An emergency of which the person has not yet said whether officers may be told."""
    place: str | None = None
    """A location shared before anybody asked for it."""
    misses: int = 0
    """Messages in a row that were not understood."""
    content: str = ""
    """Digest of the flows it was last talked under."""
    language: str = ""
    """The one that the person has asked for; a wish that outlasts the talk. Empty: none."""

    def expired(self, now: datetime) -> bool:
        """Nothing of it may be used any more."""
        return now - self.updated_at > EXPIRES_AFTER

    def settled(self, now: datetime) -> Conversation:
        """The same talk with nothing waiting for an answer."""
        return replace(self, updated_at=now, offers=(), running=None, slots={}, trail=())

    def past(self, step: tuple[str, int]) -> tuple[tuple[str, int], ...]:
        """The trail once the talk waits at `step`."""
        if self.running is None or self.running == step:
            return self.trail
        return (*self.trail, self.running)[-_LONGEST_TRAIL:]

    def under(self, content: str, intents: Set[str]) -> Conversation:
        """The same talk under other flows: what waits for an answer, and intents that are gone, are forgotten."""
        known = self.intent if self.intent in intents else None
        return Conversation(
            self.updated_at, known, self.question, alarm=self.alarm, place=self.place, misses=self.misses,
            content=content, language=self.language,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """As stored."""
        data = asdict(self)
        data["updated_at"] = self.updated_at.astimezone(UTC).isoformat()
        data["version"] = _VERSION
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Conversation | None:
        """Inverse of `to_json`; None for a state that a different version wrote: the talk starts afresh."""
        if data.get("version") not in _READABLE:
            return None
        fields = {key: value for key, value in data.items() if key != "version"}
        fields["updated_at"] = datetime.fromisoformat(fields["updated_at"])
        fields["facets"] = tuple(fields["facets"])
        fields["beside"] = {entity: tuple(values) for entity, values in fields.get("beside", {}).items()}
        fields["offers"] = tuple(Offer(**{**offer, "words": tuple(offer["words"])}) for offer in fields["offers"])
        fields["running"] = (fields["running"][0], fields["running"][1]) if fields["running"] else None
        fields["trail"] = tuple((intent, index) for intent, index in fields.get("trail", ()))
        fields["alarm"] = Alarm(**fields["alarm"]) if fields.get("alarm") else None
        return cls(**fields)
