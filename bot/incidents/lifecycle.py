"""The states of an incident and which may follow which. Pure; who may do it is decided where the act comes in.

People decide; the machine only opens. Nothing is final: a report that was closed or taken for false can be taken up
again, because the commonest complaint about such services is a report that was closed on its reporter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    """Where an incident stands."""

    BARU = "baru"
    DITINJAU = "ditinjau"
    """Somebody has claimed it (`claimed_by`)."""
    TERVERIFIKASI = "terverifikasi"
    DITERUSKAN = "diteruskan"
    """Passed to an agency; the reason says to which."""
    DITANGANI = "ditangani"
    SELESAI = "selesai"
    DUPLIKAT = "duplikat"
    """Of another incident; the reason names it."""
    TIDAK_TERVERIFIKASI = "tidak_terverifikasi"
    PALSU = "palsu"
    BUKAN_KEJADIAN = "bukan_kejadian"


TITLES = {
    Status.BARU: "baru",
    Status.DITINJAU: "ditinjau",
    Status.TERVERIFIKASI: "terverifikasi",
    Status.DITERUSKAN: "diteruskan",
    Status.DITANGANI: "ditangani",
    Status.SELESAI: "selesai",
    Status.DUPLIKAT: "duplikat",
    Status.TIDAK_TERVERIFIKASI: "tidak dapat diverifikasi",
    Status.PALSU: "palsu",
    Status.BUKAN_KEJADIAN: "bukan kejadian",
}
ACTIVE = frozenset((Status.BARU, Status.DITINJAU, Status.TERVERIFIKASI, Status.DITERUSKAN, Status.DITANGANI))
"""Still open: further reports of the same thing are linked to these."""
_EXITS = frozenset((Status.DUPLIKAT, Status.TIDAK_TERVERIFIKASI, Status.PALSU, Status.BUKAN_KEJADIAN))
_NEXT = {
    Status.BARU: ACTIVE | _EXITS | {Status.SELESAI},
    Status.DITINJAU: ACTIVE | _EXITS | {Status.SELESAI},
    Status.TERVERIFIKASI: frozenset(
        (Status.DITINJAU, Status.DITERUSKAN, Status.DITANGANI, Status.SELESAI, Status.DUPLIKAT)
    ),
    Status.DITERUSKAN: frozenset((Status.DITINJAU, Status.DITANGANI, Status.SELESAI, Status.DUPLIKAT)),
    Status.DITANGANI: frozenset((Status.DITINJAU, Status.DITERUSKAN, Status.SELESAI, Status.DUPLIKAT)),
    Status.SELESAI: frozenset((Status.BARU, Status.DITINJAU)),
    **{exit_: frozenset((Status.BARU, Status.DITINJAU)) for exit_ in _EXITS},
}
CLAIMS = frozenset((Status.DITINJAU, Status.DITERUSKAN, Status.DITANGANI))
"""Whoever does one of these has the incident from then on; forwarding only when nobody has it yet."""
REACTIONS = {
    "👀": Status.DITINJAU,
    "✅": Status.TERVERIFIKASI,
    "☑": Status.TERVERIFIKASI,
    "✔": Status.TERVERIFIKASI,
    "🚓": Status.DITANGANI,
    "🚔": Status.DITANGANI,
    "🏁": Status.SELESAI,
    "❌": Status.PALSU,
    "🔁": Status.DUPLIKAT,
}
"""What an officer's reaction to a card says."""
_DRESS = dict.fromkeys((0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)))
"""Variation selectors (emoji or text style) and skin tones: the same sign, whatever keyboard it came from."""
NEEDS_REASON = frozenset((Status.DITERUSKAN, Status.DUPLIKAT))
"""To whom; of which."""


class TransitionError(ValueError):
    """A step that the lifecycle does not have; the message says which are possible."""


def check(before: Status, after: Status, reason: str | None = None) -> None:
    """Raises TransitionError when `after` cannot follow `before`, or lacks the reason that it needs."""
    if after is before or after not in _NEXT[before]:
        possible = ", ".join(TITLES[one] for one in Status if one in _NEXT[before] and one is not before)
        raise TransitionError(f"dari '{TITLES[before]}' tidak bisa ke '{TITLES[after]}'; yang bisa: {possible}")
    if after in NEEDS_REASON and not (reason or "").strip():
        what = "ke instansi mana" if after is Status.DITERUSKAN else "duplikat dari nomor berapa"
        raise TransitionError(f"'{TITLES[after]}' perlu keterangan: {what}")


def meant(reaction: str) -> Status | None:
    """The state that a reaction asks for; `None` when it says nothing about the incident (👍, 😂)."""
    return REACTIONS.get(undressed(reaction))


def undressed(reaction: str) -> str:
    """The bare sign of a reaction."""
    return reaction.translate(_DRESS).strip()


class Act(Protocol):
    """A line of the history (`bot.store.incidents.Step`)."""

    @property
    def actor(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def after(self) -> str | None: ...
    @property
    def event_id(self) -> str | None: ...


@dataclass(frozen=True)
class Standing:
    """Where the history has led."""

    status: Status = Status.BARU
    claimed_by: str | None = None
    event_id: str | None = None
    """The message or reaction that made the last step: only that one can still be taken back."""


def standing(history: Iterable[Act]) -> Standing:
    """Walk the history: `status` steps lead on, `claimed` ones change hands, `reopened` ones begin
    anew, `undone` ones lead back by one.

    Also the last step, so that a withdrawn reaction can be undone if nothing followed it.
    """
    way = [Standing()]
    for act in history:
        if act.action == "undone" and len(way) > 1:
            way.pop()
        elif act.action == "reopened":
            way.append(Standing())
        elif act.action == "claimed":
            way.append(Standing(way[-1].status, act.actor, act.event_id))
        elif act.action == "status" and act.after is not None:
            status = Status(act.after)
            way.append(Standing(status, holder(way[-1].claimed_by, status, act.actor), act.event_id))
    return way[-1]


def holder(before: str | None, status: Status, actor: str) -> str | None:
    """Who has the incident after `actor` put it into `status`: a new one belongs to nobody, a claim to who made it."""
    if status is Status.BARU:
        return None
    if status is Status.DITERUSKAN:
        return before or actor
    return actor if status in CLAIMS else before
