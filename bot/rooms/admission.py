"""Who belongs into a room, with which power, and whose servers may take part. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bot.rooms import acl
from bot.rooms.agencies import Agencies
from bot.rooms.model import Room, Rooms, server_of


class Admission:
    """The files' word on one room's people."""

    def __init__(self, room: Room, rooms: Rooms, agencies: Agencies, server_name: str) -> None:
        self.room = room
        self._server_name = server_name
        self._officers = rooms.powers_in(room, server_name)
        self._liaisons = agencies.powers_in(room, server_name)
        self._agencies = agencies.servers_in(room)
        self._agencies_written = agencies.written
        self._safes = rooms.creators(server_name)
        self._banned = rooms.banned_servers

    @property
    def powers(self) -> dict[str, int]:
        """User id → power, of officers and of liaisons who have more than everybody."""
        return {user: power for user, power in self._liaisons.items() if power} | self._officers

    @property
    def listed(self) -> set[str]:
        """Everybody whom the files name for the room."""
        return {*self._officers, *self._liaisons, *self._safes}

    @property
    def invited(self) -> set[str]:
        """Whom we ask in; liaisons only where no space lets them in by themselves."""
        closed = self.room.kind == "agency_space" or self.room.join in ("invite", "knock")
        return {*self._officers, *self._safes, *(self._liaisons if closed else ())}

    @property
    def sure(self) -> bool:
        """Whether whom the files do not name is not meant to be here: without the file of agencies nobody can tell,
        unless it is a room that no agency ever gets into."""
        return self._agencies_written or self.room.confidential

    @property
    def complete(self) -> bool:
        """Whether the files say of everybody in the room that they may be there: whoever else is there, is not to be.

        Where officers are not invited by the files, people look after the room by hand.
        """
        return self.room.closed and self.room.invite_officers

    def acl(self, banned: Collection[str] = ()) -> dict[str, Any]:
        """Content of m.room.server_acl, for a room that other servers can join. `banned`: by order, for now.

        Whoever is named for the room by person must be able to come, so their server may, too. A room that should
        never have been open to others, and was made so, is closed by this as far as it still can be.
        """
        if not self.room.federate:
            return acl.only(self._server_name, banned=banned)
        if self.room.servers == "any":
            return acl.all_but({*self._banned, *banned})
        people = {server_of(user) for user in self.listed}
        return acl.only(self._server_name, {*self._agencies, *people}, banned)
