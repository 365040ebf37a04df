"""The files against the homeserver: one look and one application, for the commands and for the bot's own check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.clock import now_ms
from bot.config import Config
from bot.matrix import media
from bot.matrix.api import HomeserverApi
from bot.rooms.agencies import Agencies, load_agencies
from bot.rooms.apply import Outcome, Step, apply
from bot.rooms.change import Change, Plan
from bot.rooms.found import Found
from bot.rooms.loader import load_rooms
from bot.rooms.model import Rooms
from bot.rooms.plan import plan
from bot.rooms.survey import survey
from bot.store import rooms as store
from bot.store import sanctions
from bot.store.database import Database


@dataclass(frozen=True)
class Files:
    """What rooms/ says."""

    rooms: Rooms
    agencies: Agencies

    @classmethod
    def read(cls, config: Config, folder: Path | None = None) -> Files:
        """From a folder, else from the configuration's. Raises ContentError."""
        folder, ours = folder or config.resolve(config.paths.rooms), config.homeserver.server_name
        rooms = load_rooms(folder, server_name=ours)
        return cls(rooms, load_agencies(folder, rooms, server_name=ours))


@dataclass(frozen=True)
class Choice:
    """What the operator says beside the files: names of rooms."""

    adopt: Collection[str] = ()
    force: Collection[str] = ()
    dropped: Collection[str] = ()
    """Servers of an agency that the operator has just taken out by name."""
    only: Collection[str] = ()


EVERYTHING = Choice()


@dataclass(frozen=True)
class Look:
    """What stands there and what is to be done."""

    plan: Plan
    found: Found

    @property
    def ids(self) -> dict[str, str]:
        """Name → room id."""
        return {name: room.room_id for name, room in self.found.rooms.items()}


class RoomPlan:
    """Looks at the rooms of the files as one account, and changes them."""

    def __init__(self, api: HomeserverApi, database: Database, files: Files, me: str) -> None:
        self._api = api
        self._database = database
        self._files = files
        self._me = me
        self._server_name = me.split(":", 1)[1]

    async def look(
        self, choice: Choice = EVERYTHING, on_progress: Callable[[int, int, str], None] | None = None
    ) -> Look:
        """Survey and plan. Changes nothing."""
        named = await self._database.run(store.named)
        held = await self._database.run(sanctions.held)
        recorded = {name: room.room_id for name, room in named.items()}
        found = await survey(self._api, self._files.rooms, me=self._me, recorded=recorded, on_progress=on_progress)
        wanted = plan(
            self._files.rooms,
            found,
            self._server_name,
            agencies=self._files.agencies,
            held=held,
            adopt=choice.adopt,
            force=choice.force,
            dropped=choice.dropped,
            only=choice.only,
        )
        return Look(wanted, found)

    async def make(
        self, changes: Sequence[Change], seen: Look, on_progress: Callable[[Step], None] | None = None
    ) -> Outcome:
        """Carry these changes of a plan out."""
        return await apply(
            self._api,
            changes,
            me=self._me,
            ids=seen.ids,
            on_room=self._remember,
            on_progress=on_progress,
            upload=self._upload,
        )

    async def _remember(self, name: str, room_id: str) -> None:
        room = self._files.rooms.by_name(name)
        assert room is not None  # noqa: S101
        alias = room.full_alias(self._server_name)
        await self._database.run(
            partial(store.record, name=name, room_id=room_id, kind=room.kind, alias=alias, now=now_ms())
        )

    async def _upload(self, data: bytes, mimetype: str, name: str) -> str:
        return await media.upload(self._api, data, mimetype, filename=name)
