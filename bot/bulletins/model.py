"""The schedule and texts of bulletins as their files describe them, and what a bulletin is made from."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from bot.bulletins.fields import Name, Part, Period, Time, Weekday, Words
from bot.bulletins.origins import Sources


class Preview(Part):
    """What officers are shown before a slot, and what their silence means."""

    minutes: Annotated[int, Field(ge=0, le=720)] = 0
    """How long before; 0: not at all."""
    silence: Literal["send", "skip"] = "send"


class Slot(Part):
    """A time of day at which channels are spoken to."""

    time: Time
    title: str
    template: str
    """File in rooms/templates/."""
    days: tuple[Weekday, ...] = tuple(range(7))
    preview: Preview = Preview()


class Override(Part):
    """What one room does differently for a slot."""

    time: Time | None = None
    template: str | None = None
    days: tuple[Weekday, ...] | None = None


class Kind(Part):
    """Channels of a kind: one template for all of them, one name for them in `rooms` of tips, notes and places."""

    rooms: tuple[str, ...] = Field(min_length=1)
    slots: dict[Name, Override] = Field(default_factory=dict)


class QuietDate(Part):
    """A date without bulletins."""

    date: dt.date
    why: Words


class DatedNote(Period):
    """Something that officers want said for some days."""

    text: Words


class Tip(Period):
    """One piece of advice."""

    text: Words
    source: Words
    """Law, agency or page that it rests on."""
    checked: dt.date
    """When somebody last compared it with its source."""

    @property
    def key(self) -> str:
        """What it is remembered by: other words are another tip."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


class Operation(Period):
    """A time of its own in the year: an operation of the police, the journey home, a season."""

    title: Words
    text: Words
    source: Words
    """The order or announcement that sets its dates."""

    @model_validator(mode="after")
    def _dated(self) -> Operation:
        if self.since is None or self.until is None:
            raise ValueError("an operation needs 'since' and 'until'")
        return self


class Traffic(Part):
    """Which incidents are told as what stands in the way."""

    categories: tuple[str, ...] = ()
    max_hours: Annotated[int, Field(ge=1, le=72)] = 12
    """An older one that nobody has closed was forgotten rather than in the way."""


class BulletinsFile(Part):
    """bulletins.yaml."""

    emergency: Annotated[str, StringConstraints(pattern=r"^\d{3,}$")]
    """Number that every bulletin ends with."""
    slots: dict[Name, Slot] = Field(min_length=1)
    reworded: str = "diganti.md.j2"
    """Template of a bulletin whose body an officer has written."""
    kinds: dict[Name, Kind] = Field(default_factory=dict)
    rooms: dict[str, dict[Name, Override]] = Field(default_factory=dict)
    quiet_dates: tuple[QuietDate, ...] = ()
    withheld: tuple[str, ...] = ()
    """Categories never counted in public."""
    notes: tuple[DatedNote, ...] = ()
    traffic: Traffic = Traffic()
    operations: tuple[Operation, ...] = ()
    sources: Sources = Sources()


class TipsFile(Part):
    """tips.yaml."""

    tips: tuple[Tip, ...]


class Bulletins(Part):
    """Everything that a bulletin is made from but the day's facts."""

    emergency: str
    slots: Mapping[str, Slot]
    kinds: Mapping[str, Kind]
    rooms: Mapping[str, Mapping[str, Override]]
    quiet_dates: Mapping[dt.date, str]
    withheld: frozenset[str]
    notes: tuple[DatedNote, ...]
    traffic: Traffic
    operations: tuple[Operation, ...]
    sources: Sources
    tips: tuple[Tip, ...]
    templates: Mapping[str, str]
    """File name → text."""
    reworded: str
    """Template (file name) of a bulletin whose body an officer has written."""
    two_officers: tuple[str, ...] = ()
    """Alerts with one of these words wait for two officers (warnings.yaml): no bulletin tells them by itself."""

    def slot(self, name: str, room: str) -> Slot:
        """A slot as it is in one room. Raises KeyError for an unknown slot."""
        changes: dict[str, object] = {}
        for override in self._overrides(name, room):
            changes |= override.model_dump(exclude_none=True)
        return self.slots[name].model_copy(update=changes)

    def _overrides(self, name: str, room: str) -> Iterable[Override]:
        """The kind's first: what a channel has for itself counts more."""
        yield from (kind.slots[name] for kind in self.kinds.values() if room in kind.rooms and name in kind.slots)
        if name in self.rooms.get(room, {}):
            yield self.rooms[room][name]

    def times(self) -> set[dt.time]:
        """Every time of day at which something may be due."""
        own = {slot.time for slot in self.slots.values()}
        others = [*self.rooms.values(), *(kind.slots for kind in self.kinds.values())]
        return own | {one.time for slots in others for one in slots.values() if one.time}
