"""rooms/instansi.yaml: to whom a report is passed on, by an officer's word. Pure."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from bot.problem import ContentError, Problem
from bot.rooms.model import Localpart, Part, Rooms
from bot.yamlfile import read, validate

AGENCIES = "instansi.yaml"

Name = Annotated[str, StringConstraints(min_length=2, max_length=60)]
Where = Annotated[str, StringConstraints(max_length=255)]


class AgencyEntry(Part):
    """An agency as written."""

    title: Name
    names: tuple[Name, ...] = ()
    """Other words for it."""
    room: Where | None = None
    """A room's name in rooms.yaml, or the id ("!…") of a room of the agency's own server that the bot is in."""
    categories: tuple[str, ...] = ()
    """What it is the first to be asked for."""


class AgenciesFile(Part):
    """instansi.yaml."""

    agencies: dict[Localpart, AgencyEntry] = Field(default={})


class Agency(Part):
    """Somebody to whom reports are passed on."""

    key: str
    title: str
    names: tuple[str, ...]
    room: str | None
    categories: tuple[str, ...]


class Agencies(Part):
    """All of them."""

    all: tuple[Agency, ...] = ()

    def find(self, words: str) -> Agency | None:
        """The agency of that name, whole and without regard to case; nothing like it is taken for it."""
        said = " ".join(words.casefold().split())
        return next((one for one in self.all if said in (one.key, one.title.casefold(), *one.names)), None)

    def for_category(self, code: str) -> tuple[Agency, ...]:
        """Who is asked for that kind of incident."""
        return tuple(one for one in self.all if code in one.categories)


def load_agencies(
    folder: Path, rooms: Rooms | None = None, categories: Collection[str] | None = None, private: Collection[str] = ()
) -> Agencies:
    """Read the agencies; without the file there are none. Raises ContentError with every problem found.

    `categories` are the known codes, `private` those of them that are never passed on.
    """
    file = folder / AGENCIES
    if not file.exists():
        return Agencies()
    document = read(file)
    written = validate(document, AgenciesFile)
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for key, entry in written.agencies.items():
        where = ("agencies", key)
        names = tuple(" ".join(name.casefold().split()) for name in entry.names)
        for name in dict.fromkeys((key, entry.title.casefold(), *names)):
            if name in seen:
                problems.append(document.problem((*where, "names"), f"'{name}' already means '{seen[name]}'"))
            seen.setdefault(name, key)
        if entry.room and not entry.room.startswith("!") and rooms is not None:
            room = rooms.by_name(entry.room)
            if room is None or room.kind != "channel":
                known = ", ".join(one.name for one in rooms.channels)
                problems.append(
                    document.problem((*where, "room"), f"no channel '{entry.room}' in rooms.yaml (there are: {known})")
                )
            elif room.join == "public":
                problems.append(
                    document.problem(
                        (*where, "room"), f"'{entry.room}' is open to everybody: reports go to a closed room only"
                    )
                )
        for index, code in enumerate(entry.categories):
            if categories is not None and code not in categories:
                problems.append(document.problem((*where, "categories", index), f"no category '{code}'"))
            if code in private:
                message = f"'{code}' is private: it is never passed on to another room"
                problems.append(document.problem((*where, "categories", index), message))
    if problems:
        raise ContentError(problems)
    return Agencies(
        all=tuple(
            Agency(
                key=key,
                title=entry.title,
                names=tuple(" ".join(name.casefold().split()) for name in entry.names),
                room=entry.room,
                categories=entry.categories,
            )
            for key, entry in written.agencies.items()
        )
    )
