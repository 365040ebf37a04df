from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rooms_world import ME, OFFICERS, ROOMS, SERVER, FakeHomeserver

from bot.rooms.agencies import Agencies, load_agencies
from bot.rooms.apply import Outcome, apply
from bot.rooms.change import Plan
from bot.rooms.loader import load_rooms
from bot.rooms.model import Rooms
from bot.rooms.plan import plan
from bot.rooms.survey import survey


class District:
    """A district's files, its homeserver, and what its bot remembers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = FakeHomeserver()
        self.recorded: dict[str, str] = {}
        self.write(ROOMS, OFFICERS)

    @property
    def agencies(self) -> Agencies:
        return load_agencies(self.folder, self.rooms, server_name=SERVER)

    def write(self, rooms: str, officers: str, agencies: str | None = None) -> None:
        if agencies is not None:
            (self.folder / "instansi.yaml").write_text(agencies)
        (self.folder / "rooms.yaml").write_text(rooms)
        (self.folder / "officers.yaml").write_text(officers)

    @property
    def rooms(self) -> Rooms:
        return load_rooms(self.folder)

    async def plan(self, **options: object) -> Plan:
        found = await survey(self.server, self.rooms, me=ME, recorded=self.recorded)
        return plan(self.rooms, found, SERVER, agencies=self.agencies, **options)  # type: ignore[arg-type]

    async def apply(self, **options: object) -> Outcome:
        found = await survey(self.server, self.rooms, me=ME, recorded=self.recorded)
        changes = plan(self.rooms, found, SERVER, agencies=self.agencies, **options).changes  # type: ignore[arg-type]

        async def remember(name: str, room_id: str) -> None:
            self.recorded[name] = room_id

        ids = {name: room.room_id for name, room in found.rooms.items()}
        return await apply(self.server, changes, me=ME, ids=ids, on_room=remember, upload=self.server.upload)


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)
