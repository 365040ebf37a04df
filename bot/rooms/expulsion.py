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
from bot.rooms.change import Level, Remark, RemoveMember, SetState
from bot.rooms.found import FoundRoom
from bot.rooms.model import server_of

UNLISTED = "tidak tercantum di rooms/"
DROPPED = "servernya tidak lagi boleh ikut"


@dataclass(frozen=True)
class Expulsion:
    """What comes of it."""

    removals: tuple[RemoveMember, ...] = ()
    acl: SetState | None = None
    remarks: tuple[Remark, ...] = ()


def expulsion(
    there: FoundRoom, admission: Admission, *, me: str, forced: bool, banned: Collection[str] = ()
) -> Expulsion:
    """Removals and the ACL of a room that we are in. `forced`: the operator says that servers with people may go;
    `banned`: servers that are, by order of those who keep order.

    A server which the present ACL lets in by its name was an agency's: when the files name it no longer, it was
    taken out on purpose. Any other one with people in the room may be a mistake and waits for a person.
    """
    name = admission.room.name
    own = server_of(me)
    before, wanted = there.content(acl.TYPE), admission.acl(banned)
    remarks: list[Remark] = []
    change, leaving = None, set[str]()
    if there.federates and not acl.same(before, wanted):
        leaving, change, remarks = _acl(there, admission, before, wanted, own=own, forced=forced, banned=banned)
    people = {user: DROPPED for user in there.members() if server_of(user) in leaving}
    if admission.complete:
        people = {user: UNLISTED for user in there.members() if user not in admission.listed} | people
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
    banned: Collection[str],
) -> tuple[set[str], SetState | None, list[Remark]]:
    name = admission.room.name
    if fault := acl.fault(wanted, own):
        return set(), None, [Remark(name, Level.BLOCKED, f"ACL server tidak ditulis: {fault}")]
    present = {server_of(user) for user in there.members()} - {own}
    dropped = acl.shut_out(before, wanted, present)
    ordered = {server for server in dropped for pattern in banned if acl.bans(pattern, server)}
    unknown = [server for server in dropped if server not in ordered and not acl.names(before, server)]
    if unknown and not forced:
        counts = ", ".join(f"{server} ({_count(there, server)} anggota)" for server in unknown)
        message = (
            f"ACL server akan menutup pintu bagi {counts} yang masih di dalam. Cantumkan servernya di instansi.yaml, "
            f"buka kanal ini bagi semua server (servers: any), atau keluarkan mereka dengan --force {name}"
        )
        return set(), None, [Remark(name, Level.BLOCKED, message)]
    return set(dropped), SetState(name, acl.TYPE, wanted, "", before, whole=True, forced=forced), []


def _count(there: FoundRoom, server: str) -> int:
    return sum(server_of(user) == server for user in there.members())


def _able(there: FoundRoom, people: dict[str, str], me: str) -> tuple[set[str], set[str]]:
    """(whom we can remove, whom we cannot): it takes the room's power to kick and more than theirs (spec, rule 5)."""
    mine = there.power(me)
    if mine < there.needed_for("kick"):
        return set(), set(people)
    able = {user for user in people if there.power(user) < mine}
    return able, set(people) - able
