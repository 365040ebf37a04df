"""What of a room nobody can change any more, or nobody but people by hand: told, never tried. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bot.rooms.admission import Admission
from bot.rooms.change import Level, Remark
from bot.rooms.found import FoundRoom, creators_rule


def lasting(there: FoundRoom, admission: Admission, *, me: str, safes: Collection[str]) -> Iterator[Remark]:
    """Remarks on a room that we are in. `safes`: break-glass accounts, full user ids."""
    room = admission.room

    def remark(level: Level, message: str) -> Remark:
        return Remark(room.name, level, message)

    if there.federates and not room.federate:
        yield remark(
            Level.BLOCKED if room.confidential else Level.WARNING,
            "ruang ini dibuat terbuka bagi server lain dan itu tidak bisa diubah; "
            "untuk data pribadi buat ruang baru dengan alias lain",
        )
    if room.federate and not there.federates:
        yield remark(Level.WARNING, "ruang ini dibuat tanpa server lain dan itu tidak bisa diubah")
    if there.content("m.room.encryption") and not room.encryption:
        yield remark(Level.WARNING, "sudah terenkripsi; enkripsi tidak pernah dimatikan, tulis encryption: true")
    if creators_rule(there.version):
        if missing := sorted(set(safes) - set(there.creators)):
            yield remark(
                Level.INFO, f"{', '.join(missing)} bukan pembuat ruang ini dan tak bisa dijadikan; diberi kuasa 100"
            )
        if extra := sorted(set(there.creators) - {me, *safes}):
            yield remark(
                Level.WARNING, f"{', '.join(extra)} pembuat ruang: kuasanya di atas semua dan tidak bisa dicabut"
            )
    if room.closed and not admission.complete:
        strangers = [user for user in there.members() if user not in {me, *admission.listed}]
        if strangers:
            yield remark(
                Level.WARNING,
                f"di dalam ruang tetapi tidak tercantum: {', '.join(strangers)}. Ruang ini diurus dengan tangan "
                "(invite_officers: false): keluarkan lewat Element bila memang tidak berhak",
            )
