"""The words of incident analysis as officers write them: `categories.yaml`, `talk.yaml`, `places.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.incidents.rules import Urgency

CapCategory = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]
"""CAP 1.2, <category>."""
Words = Annotated[list[str], Field(default_factory=list)]


class Section(BaseModel):
    """Base of every section: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CategoryText(Section):
    """One row of the table, as written."""

    code: str = Field(pattern=r"^[a-z_]+$")
    title: str
    cap: CapCategory
    urgency: Urgency
    """What it usually is, before anything else is said."""
    private: bool = False
    """Never repeated in a channel, never relayed (violence at home, children, sexual crime)."""
    words: Annotated[list[str], Field(min_length=1)]
    first: Words
    """When one of these is found, it is this category, not a graver one (a swindler tells of a crash)."""
    unless: Words
    """When one of these is found, the message is not of this category."""
    despite: Words
    """When one of these is found as well, `unless` does not count."""
    hints: Words
    """Words that speak for the category when no pattern of any category fits; it takes two of them."""
    darurat: Words
    segera: Words
    info: Words
    examples: Words
    """Messages that must be taken for this category; `kentongan check` tries them."""


class PrivateText(Section):
    """What makes a message private whatever its category, as written."""

    name: str = Field(pattern=r"^[a-z_]+$")
    words: Annotated[list[str], Field(min_length=1)]
    unless: Words
    """When one of these is found, `words` do not count."""


class CategoriesFile(Section):
    """categories.yaml"""

    sets: dict[str, list[str]] = {}
    private: list[PrivateText] = []
    categories: Annotated[list[CategoryText], Field(min_length=1)]


class TalkFile(Section):
    """talk.yaml"""

    sets: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    """Plain form → what it stands for."""
    negation: Annotated[list[str], Field(min_length=1)]
    negation_fillers: list[str] = []
    """Words that may stand between a negation and what it denies ("tidak ADA kebakaran")."""
    idioms: dict[str, list[str]] = {}
    """Word → phrases in which it does not mean what it says ("anak ayam" is no child)."""
    titles: dict[str, str]
    kinds: dict[str, list[str]]
    urgency: dict[str, list[str]]
    examples: dict[str, list[str]] = {}
    """Kind of talk → messages that must be taken for it."""


class PlacesFile(Section):
    """places.yaml"""

    cues: list[str]
    """Words before a name that make an ambiguous one a place."""
    cues_after: list[str] = []
    hamlets: list[str] = []
    """Words that make a name a hamlet's: a village named after it decides."""
    fillers: list[str] = []
    """Words that may stand between a cue and a name ("jalan BARU Tulis")."""
    landmarks: list[str] = []
    """Words that make a name of district and regency the district's ("SMA 1 Batang")."""
    kinds: dict[str, list[str]] = {}
    """Cue → the kind it asks for: "desa" a village, "kecamatan" a district."""
    directions: list[str]
    homes: list[str]
    origins: list[str]
    scenes: list[str]
    """What overrides a direction: "jatuh ke", "masuk ke"."""
    persons: list[str]
    """Words before a name that make it a person's."""
    spelling: dict[str, str] = {}
