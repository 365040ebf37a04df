"""Who has to leave a room, and whether its server ACL may be written. Pure.

The order matters: a server that an ACL denies does not hear that its people were removed and goes on thinking that they
are members. So they are removed first, and the ACL is written when nobody of it is left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from bot.rooms import acl
from bot.rooms.admission import Admission
from bot.rooms.agencies import AGENCIES
from bot.rooms.change import Level, Remark, RemoveMember, SetState
from bot.rooms.found import FoundRoom
from bot.rooms.model import server_of

UNLISTED = "tidak tercantum di rooms/"
DROPPED = "servernya tidak lagi boleh ikut"
_NO_FILE = f"Berkas {AGENCIES} tidak ada: kembalikan"
_SHOWN = 5


@dataclass(frozen=True)
class Expulsion:
    """What comes of it."""

    removals: tuple[RemoveMember, ...] = ()
    acl: SetState | None = None
    remarks: tuple[Remark, ...] = ()


def expulsion(
    there: FoundRoom,
    admission: Admission,
    *,
    me: str,
    forced: bool,
    banned: Collection[str] = (),
    dropped: Collection[str] = (),
) -> Expulsion:
    """Removals and the ACL of a room that we are in. `forced`: the operator says that servers with people may go;
    `banned`: servers that are, by order of those who keep order; `dropped`: servers whose agency the operator has just
    taken out by name.

    Any other server with people in the room, that the files do not name (any more), may be a mistake and waits for a
    person: a line that was lost in an edit reads like one that was taken out. Where the file of agencies is missing
    altogether nobody goes from where agencies may be, and no server that has been let in by name is shut out.
    """
    name = admission.room.name
    own = server_of(me)
    before, wanted = there.content(acl.TYPE), admission.acl(banned)
    remarks: list[Remark] = []
    change, leaving, waiting = None, set[str](), set[str]()
    if there.federates and not acl.same(before, wanted):
        meant = {*banned, *dropped}
        leaving, waiting, change, remarks = _acl(there, admission, before, wanted, own=own, forced=forced, meant=meant)
    people = {user: DROPPED for user in there.members() if server_of(user) in leaving}
    if admission.complete:
        people = {user: UNLISTED for user in there.members() if user not in admission.listed} | people
        people = {user: why for user, why in people.items() if server_of(user) not in waiting}
        unknown = sorted(user for user, why in people.items() if why == UNLISTED and user != me)
        if unknown and not (admission.sure or forced):
            message = f"{', '.join(unknown)} tidak tercantum. {_NO_FILE}, atau keluarkan mereka dengan --force {name}"
            remarks.append(Remark(name, Level.BLOCKED, message))
            people = {user: why for user, why in people.items() if user not in unknown}
    people.pop(me, None)
    able, stuck = _able(there, people, me)
    if stuck:
        message = f"{', '.join(sorted(stuck))} tidak bisa dikeluarkan bot: kuasanya tidak di bawah kuasa bot"
        remarks.append(Remark(name, Level.WARNING, message))
    if change is not None and not forced and any(people[user] == DROPPED for user in stuck):
        message = f"ACL server menunggu: keluarkan dulu {', '.join(sorted(stuck))}, atau paksa dengan --force {name}"
        remarks.append(Remark(name, Level.BLOCKED, message))
        change = None
    return Expulsion(
        tuple(RemoveMember(name, user, why) for user, why in sorted(people.items()) if user in able),
        change,
        tuple(remarks),
    )


def _acl(
    there: FoundRoom,
    admission: Admission,
    before: Any,
    wanted: dict[str, Any],
    *,
    own: str,
    forced: bool,
    meant: Collection[str],
) -> tuple[set[str], set[str], SetState | None, list[Remark]]:
    """(servers that have to leave, servers about which a person decides, the event, remarks)."""
    name = admission.room.name
    if fault := acl.fault(wanted, own):
        return set(), set(), None, [Remark(name, Level.BLOCKED, f"ACL server tidak ditulis: {fault}")]
    present = {server_of(user) for user in there.members()} - {own}
    shut = acl.shut_out(before, wanted, present)
    lost = [one for one in acl.named(before) if not acl.permits(wanted, one)] if not admission.sure else []
    unknown = [one for one in {*shut, *lost} if not any(acl.bans(pattern, one) for pattern in meant)]
    if unknown and not forced:
        counts = ", ".join(f"{server} ({_count(there, server)} anggota)" for server in sorted(unknown))
        inside = sorted(user for user in there.members() if server_of(user) in unknown)
        here = f" yang masih di dalam ({', '.join(inside[:_SHOWN])})" if inside else ""
        way = f"{_NO_FILE}" if lost else f"Cantumkan servernya di {AGENCIES}"
        message = (
            f"ACL server akan menutup pintu bagi {counts}{here}. {way}, buka kanal ini bagi semua server "
            f"(servers: any), atau keluarkan mereka dengan --force {name}"
        )
        return set(), set(unknown), None, [Remark(name, Level.BLOCKED, message)]
    return set(shut), set(), SetState(name, acl.TYPE, wanted, "", before, whole=True, forced=forced), []


def _count(there: FoundRoom, server: str) -> int:
    return sum(server_of(user) == server for user in there.members())


def _able(there: FoundRoom, people: dict[str, str], me: str) -> tuple[set[str], set[str]]:
    """(whom we can remove, whom we cannot): it takes the room's power to kick and more than theirs (spec, rule 5)."""
    mine = there.power(me)
    if mine < there.needed_for("kick"):
        return set(), set(people)
    able = {user for user in people if there.power(user) < mine}
    return able, set(people) - able
