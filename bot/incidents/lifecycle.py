"""The states of an incident and which may follow which. Pure; who may do it is decided where the act comes in.

People decide; the machine only opens. Nothing is final: a report that was closed or taken for false can be taken up
again, because the commonest complaint about such services is a report that was closed on its reporter.
"""

from __future__ import annotations

from enum import StrEnum


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
    Status.SELESAI: frozenset((Status.DITINJAU,)),
    **{exit_: frozenset((Status.BARU, Status.DITINJAU)) for exit_ in _EXITS},
}
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
