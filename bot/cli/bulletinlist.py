"""`kentongan bulletin list`: what became of a day's bulletins in each channel, and what is still to come."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from bot import clock
from bot.bulletins import approval, deskwords
from bot.bulletins.due import Target, occurrences
from bot.bulletins.loader import load_bulletins
from bot.bulletins.model import Bulletins
from bot.cli.account import told
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.stored import reading
from bot.config import Config, load_config
from bot.logs import configure
from bot.rooms.loader import load_rooms
from bot.rooms.model import Rooms
from bot.store import bulletins as store
from bot.store import previews, subscriptions
from bot.store import rooms as known_rooms
from bot.store.bulletins import State

AHEAD = "ahead"
NO_ROOM = "no_room"
MISSING = "undecided"
_WORDS = {
    "sent": "terkirim", "queued": "dalam antrean", "failed": "gagal", "cancelled": "ditarik", "skipped": "dilewati",
    AHEAD: "belum waktunya", NO_ROOM: "ruangnya belum ada", MISSING: "belum diputuskan",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A slot in one channel, or all private copies of it. Times as ISO 8601, local."""

    slot: str
    date: str
    room: str | None
    """Name in rooms.yaml; null: private copies."""
    state: str
    """sent | queued | failed | skipped | ahead | undecided (its time has passed) | no_room"""
    due: str
    reason: str | None = None
    """Why it is skipped: missed, quiet, broken, officer, unanswered, undelivered."""
    words: str | None = None
    """An officer's reason."""
    reworded: bool = False
    """An officer has written what is said."""
    sent: str | None = None
    late_seconds: int | None = None
    """From its time to when the homeserver had it; while it waits, until now."""
    copies: int | None = None
    """How many private copies; only where `room` is null."""
    used: tuple[Mapping[str, Any], ...] = ()
    missing: tuple[str, ...] = ()


def list_bulletins(
    date: Annotated[
        str | None, typer.Option("--date", help="Tanggal setempat, TTTT-BB-HH; bawaannya hari ini.")
    ] = None,
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Buletin sehari: keadaannya di setiap kanal, sebabnya bila tidak terbit, dan yang masih akan datang."""
    with told():
        settings = load_config(config)
        configure(settings.log)
        folder = settings.resolve(settings.paths.rooms)
        rooms = load_rooms(folder)
        bulletins = load_bulletins(folder, {room.name: room.bulletins for room in rooms.channels})
        now = clock.now()
        try:
            day = now.astimezone(settings.zone).date() if date is None else dt.date.fromisoformat(date)
        except ValueError:
            raise typer.BadParameter(f"'{date}' is no date; write it as 2026-12-31", param_hint="--date") from None
        with reading(settings) as connection:
            lines = list(_lines(connection, settings, bulletins, rooms, day, now))
    if as_json:
        for line in lines:
            typer.echo(json.dumps(asdict(line), ensure_ascii=False))
    else:
        _print(lines, day, bulletins.quiet_dates.get(day))


def _lines(
    connection: Connection, settings: Config, bulletins: Bulletins, rooms: Rooms, day: dt.date, now: dt.datetime
) -> Iterable[Line]:
    known = known_rooms.named(connection)
    milliseconds = round(now.timestamp() * 1000)
    found = store.states(connection, day.isoformat(), None, milliseconds)
    names = {room.room_id: name for name, room in known.items()}
    decided = {(one.slot, names[one.room_id]): one for one in found if one.room_id in names}
    expected: dict[tuple[str, str], dt.datetime] = {}
    for room in rooms.all:
        target = Target(room.name, "", room.title, room.bulletins)
        start = dt.datetime.combine(day, dt.time(), settings.zone) - dt.timedelta(seconds=1)
        for slot, date, at in occurrences(bulletins, target, start, start + dt.timedelta(days=2), settings.zone):
            if date == day:
                expected[slot, room.name] = at
    keys = {**{key: dt.datetime.fromtimestamp(one.due_at / 1000, dt.UTC) for key, one in decided.items()}, **expected}
    for (slot, name), at in sorted(keys.items(), key=lambda one: (one[1], one[0])):
        if one := decided.get((slot, name)):
            yield _decided(connection, settings, one, name, now)
        else:
            state = NO_ROOM if name not in known else AHEAD if at > now else MISSING
            yield Line(slot, day.isoformat(), name, state, _time(settings, at), **_answered(connection, slot, day))
    yield from _copies(connection, settings, found, names, day, now)


def _decided(connection: Connection, settings: Config, one: State, name: str, now: dt.datetime) -> Line:
    due = dt.datetime.fromtimestamp(one.due_at / 1000, dt.UTC)
    sent = None if one.sent_at is None else dt.datetime.fromtimestamp(one.sent_at / 1000, dt.UTC)
    until = sent or (now if one.state == store.QUEUED else None)
    extra = _answered(connection, one.slot, dt.date.fromisoformat(one.date))
    if one.reason != "officer":
        extra["words"] = None
    if one.state == store.SKIPPED:
        extra["reworded"] = False
    return Line(
        one.slot, one.date, name, one.state, _time(settings, due), one.reason,
        sent=None if sent is None else _time(settings, sent),
        late_seconds=None if until is None else max(0, round((until - due).total_seconds())),
        used=tuple(one.sources.get("used", ())), missing=tuple(one.sources.get("missing", ())),
        **extra,
    )  # fmt: skip


def _answered(connection: Connection, slot: str, day: dt.date) -> dict[str, Any]:
    """What officers said to its preview."""
    preview = previews.get(connection, slot, day.isoformat())
    if preview is None:
        return {}
    verdict = approval.of(preview)
    return {
        "words": verdict.skipped.words if verdict.skipped else None,
        "reworded": verdict.worded is not None and verdict.skipped is None,
    }


def _copies(
    connection: Connection, settings: Config, found: list[State], names: Mapping[str, str], day: dt.date,
    now: dt.datetime,
) -> Iterable[Line]:  # fmt: skip
    """Private copies are counted by state; whose they are is nobody's business."""
    groups: dict[tuple[str, str, str | None], list[State]] = {}
    for one in found:
        if one.room_id not in names:
            groups.setdefault((one.slot, one.state, one.reason), []).append(one)
    for (slot, state, reason), some in groups.items():
        due = dt.datetime.fromtimestamp(some[0].due_at / 1000, dt.UTC)
        yield Line(slot, day.isoformat(), None, state, _time(settings, due), reason, copies=len(some))
    if day < now.astimezone(settings.zone).date():
        return
    for slot in sorted({one.slot for one in subscriptions.everybody(connection)} - {slot for slot, *_ in groups}):
        number = subscriptions.number(connection, slot)
        yield Line(slot, day.isoformat(), None, AHEAD, "", copies=number)


def _time(settings: Config, at: dt.datetime) -> str:
    return at.astimezone(settings.zone).isoformat(timespec="seconds")


def _print(lines: list[Line], day: dt.date, quiet: str | None) -> None:
    console = Console(width=160 if not sys.stdout.isatty() else None, soft_wrap=True)
    if quiet:
        console.print(f"{day.isoformat()}: tanggal tanpa buletin ({quiet})", style="yellow", markup=False)
    if not lines:
        console.print(f"{day.isoformat()}: tidak ada buletin", markup=False)
        return
    table = Table("slot", "kanal", "jadwal", "keadaan", "keterangan", box=None, pad_edge=False)
    for line in lines:
        room = line.room or f"({line.copies} pelanggan)"
        time = line.due[11:16].replace(":", ".")
        table.add_row(line.slot, room, time, _WORDS.get(line.state, line.state), _remark(line))
    console.print(table)


def _remark(line: Line) -> str:
    parts = []
    if line.sent:
        late = (line.late_seconds or 0) // 60
        parts.append(f"pukul {line.sent[11:16].replace(':', '.')}" + (f", terlambat {late} menit" if late else ""))
    if line.reason:
        parts.append(deskwords.WHY.get(line.reason, line.reason))
    if line.words:
        parts.append(f"“{line.words}”")
    if line.reworded:
        parts.append("isinya ditulis petugas")
    parts += [f"tanpa {source}" for source in line.missing]
    return " · ".join(part for part in parts if part)
