"""`sources:` of bulletins.yaml: who is asked for facts from outside, how often, and how old an answer may be."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from bot.bulletins.fields import Name, Part, Words

ADM4 = r"^\d{2}\.\d{2}\.\d{2}\.\d{4}$"
"""A village's code in the Kepmendagri list, "33.25.11.1015"; BMKG calls it adm4."""

Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]


class Paced(Part):
    """What all sources have in common."""

    every_minutes: Minutes
    """How often it is asked."""
    max_age_minutes: Minutes
    """What it last said is told no longer than this after it said so."""

    @model_validator(mode="after")
    def _asked_before_it_is_old(self) -> Paced:
        if self.max_age_minutes < self.every_minutes:
            raise ValueError("'max_age_minutes' is less than 'every_minutes': it would be too old before it is asked")
        return self


class ForecastPlace(Part):
    """A village or kelurahan whose weather is told."""

    adm4: Annotated[str, StringConstraints(pattern=ADM4)]
    name: Words
    """What people call that part of the regency."""
    rooms: tuple[str, ...] = ()
    """Channels (or kinds) that hear this place instead of those without `rooms`."""


class ForecastSource(Paced):
    """BMKG's forecast."""

    every_minutes: Minutes = 60
    max_age_minutes: Minutes = 720
    max_analysis_hours: Annotated[int, Field(ge=1, le=72)] = 24
    """BMKG renews it twice a day; a server that repeats an old one for ever is no source."""
    places: tuple[ForecastPlace, ...] = Field(min_length=1)

    def places_of(self, room: str) -> tuple[ForecastPlace, ...]:
        """The places that a channel hears of."""
        own = tuple(place for place in self.places if room in place.rooms)
        return own or tuple(place for place in self.places if not place.rooms)


class QuakeSource(Paced):
    """BMKG's quakes that were felt."""

    every_minutes: Minutes = 5
    max_age_minutes: Minutes = 60
    places: tuple[Words, ...] = Field(min_length=1)
    """Names under which BMKG lists where it was felt; one of them makes the quake ours."""


class NowcastSource(Paced):
    """BMKG's warnings in force."""

    every_minutes: Minutes = 5
    max_age_minutes: Minutes = 30
    province: Words
    """Only entries of the list that name it are looked into."""


class CapSource(Paced):
    """An agency's alerts: one CAP 1.2 document, or an RSS or Atom list of them."""

    every_minutes: Minutes = 10
    max_age_minutes: Minutes = 60
    name: Name
    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")]
    who: Words
    """Who is named as its source."""
    ours: bool = False
    """Whatever it says is for this regency, also when it names no district of it."""


class RegionNames(Part):
    """How others name the regency whose police this is."""

    name: Words
    """Without its kind: "Batang"."""
    doubtful: tuple[str, ...] = ()
    """Districts whose names other regencies have as well: alone they say nothing."""
    longer: tuple[str, ...] = ()
    """Other regencies whose names begin with this one's."""
    points: tuple[tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]], ...] = ()
    """(latitude, longitude) inside it, for warnings that only draw their area; besides the gazetteer's places."""


class Sources(Part):
    """Everything that is asked of others. What is not listed is not asked."""

    region: RegionNames | None = None
    forecast: ForecastSource | None = None
    quakes: QuakeSource | None = None
    nowcast: NowcastSource | None = None
    cap: tuple[CapSource, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Sources:
        if self.region is None and (self.nowcast or any(not one.ours for one in self.cap)):
            raise ValueError("warnings need 'region': which of them are ours cannot be told without its name")
        names = [one.name for one in self.cap]
        if len(names) != len(set(names)):
            raise ValueError("two of 'cap' have the same name")
        return self
