"""`kentongan rooms agency add|remove|list|view`: other agencies, their servers and people."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from bot.cli.account import open_api, open_database, told
from bot.cli.exits import fail
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.stored import reading
from bot.config import Config, load_config
from bot.logs import configure
from bot.matrix.roomplan import Choice, Files, RoomPlan
from bot.problem import ContentError
from bot.rooms import editing
from bot.rooms.agencies import AGENCIES, Agency
from bot.rooms.change import Plan, RemoveMember
from bot.rooms.views import Sight, View, views
from bot.store.database import Database
from bot.store.guests import Guests, guests

app = typer.Typer(help="Instansi lain: siapa, dari server mana, boleh ke kanal apa.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="Kunci instansi di instansi.yaml, misalnya bpbd.")]

_SIGHTS = {
    Sight.INSIDE: "ikut",
    Sight.OLD: "pernah ikut; menyimpan yang lama, tidak menerima yang baru",
    Sight.OPEN: "boleh masuk, belum ada yang masuk",
    Sight.SHUT: "tidak boleh masuk",
    Sight.NEVER: "tidak akan pernah (hanya server kita)",
    Sight.UNKNOWN: "ruang belum ada, atau bot tidak di dalamnya",
}
_HISTORY = {
    "shared": "semua, juga sebelum mereka masuk",
    "invited": "sejak diundang",
    "joined": "sejak masuk",
    "world_readable": "semua, oleh siapa saja",
}


@app.command("add")
def add(
    key: Key,
    title: Annotated[str | None, typer.Option("--title", help="Nama yang tampil; wajib untuk instansi baru.")] = None,
    server: Annotated[list[str] | None, typer.Option("--server", help="Server instansi; boleh berulang.")] = None,
    liaison: Annotated[
        list[str] | None, typer.Option("--liaison", help="Penghubung, @nama:server; boleh berulang.")
    ] = None,
    channel: Annotated[
        list[str] | None, typer.Option("--channel", help="Kanal yang boleh diikuti; boleh berulang.")
    ] = None,
    power: Annotated[int | None, typer.Option("--power", min=0, max=50, help="Kuasa penghubung di kanalnya.")] = None,
    config: ConfigOption = Path("config.yaml"),
) -> None:
    """Menambah instansi di instansi.yaml, atau menambahi yang sudah ada. Berlaku sesudah `rooms apply`."""
    with told():
        settings, files = _read(config)
        known = any(one.key == key for one in files.agencies.all)
        if not known and title is None:
            fail(f"{key} belum ada: beri namanya dengan --title")
        values: dict[str, Any] = {
            "title": title,
            "servers": server,
            "liaisons": liaison,
            "channels": channel,
            "power": power,
        }
        given = {name: value for name, value in values.items() if value is not None and value != []}
        _edit(settings, lambda text: editing.with_agency(text, key, given))
    typer.echo(f"{key} {'ditambahi' if known else 'tertulis'} di {AGENCIES}.")
    typer.echo("Lihat: kentongan rooms plan. Kerjakan: kentongan rooms apply.")
    typer.echo(
        "Homeserver kita dan homeserver mereka harus saling mengizinkan federasi (docs/instansi.md)."
        if server
        else "Muat ulang isi bot yang berjalan: systemctl reload kentongan."
    )


@app.command("remove")
def remove(
    key: Key,
    apply_now: Annotated[bool, typer.Option("--apply", help="Kerjakan sekarang juga.")] = False,
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Mencabut instansi dari instansi.yaml, dan menunjukkan siapa yang akan dikeluarkan, dalam urutan yang aman."""
    from bot.cli.rooms import carry_out, print_plan

    with told():
        settings, files = _read(config)
        gone = next((one for one in files.agencies.all if one.key == key), None)
        if gone is None:
            fail(f"tidak ada instansi {key} (ada: {', '.join(one.key for one in files.agencies.all) or '-'})")
        choice = Choice(dropped=gone.servers)
        _edit(settings, lambda text: editing.without_agency(text, key))
        typer.echo(f"{key} dicabut dari {AGENCIES}.", err=True)
        files = Files.read(settings)
        with open_database(settings) as database:
            if apply_now:
                raise typer.Exit(carry_out(settings, files, database, choice, as_json))
            wanted = asyncio.run(_plan(settings, files, database, choice))
            print_plan(wanted, as_json)
    if rooms := list(dict.fromkeys(one.room for one in wanted.changes if isinstance(one, RemoveMember))):
        typer.echo(f"Kerjakan: kentongan rooms apply {' '.join(f'--force {room}' for room in rooms)}", err=True)


@app.command("list")
def table(config: ConfigOption = Path("config.yaml"), as_json: JsonOption = False) -> None:
    """Semua instansi: server, penghubung, kanal, dan berapa orangnya yang sekarang di dalam."""
    with told():
        settings, files = _read(config)
        inside = _guests(settings)
    rows = [(one, _inside(one, inside)) for one in files.agencies.all]
    if as_json:
        for agency, here in rows:
            said = agency.model_dump(include={"key", "title", "servers", "liaisons", "channels", "power"})
            typer.echo(json.dumps({**said, "members": here}, ensure_ascii=False))
        return
    shown = Table("instansi", "server", "penghubung", "kanal", "di dalam sekarang")
    for agency, here in rows:
        shown.add_row(
            f"{agency.key}\n{agency.title}",
            "\n".join(agency.servers) or "belum tersambung",
            "\n".join(agency.liaisons) or "-",
            "\n".join(agency.channels) or "-",
            "\n".join(f"{room} {count}" for room, count in here.items()) or "-",
        )
    Console().print(shown)


@app.command("view")
def view(key: Key, config: ConfigOption = Path("config.yaml"), as_json: JsonOption = False) -> None:
    """Apa yang diterima dan disimpan server sebuah instansi dari ruang-ruang kita, dan apa yang tidak."""
    with told():
        settings, files = _read(config)
        agency = next((one for one in files.agencies.all if one.key == key), None)
        if agency is None:
            fail(f"tidak ada instansi {key} (ada: {', '.join(one.key for one in files.agencies.all) or '-'})")
        with open_database(settings) as database:
            found = asyncio.run(_views(settings, files, database, agency))
        inside = _guests(settings)
    since = {
        room: min(here[room].since_at for server in agency.servers if room in (here := inside.get(server, {})))
        for room in _inside(agency, inside)
    }
    if as_json:
        for one in found:
            typer.echo(json.dumps({**asdict(one), "since_at": since.get(one.room)}, ensure_ascii=False))
        return
    _print_views(agency, found, since, settings.zone)


def _print_views(agency: Agency, found: list[View], since: Mapping[str, int], zone: ZoneInfo) -> None:
    console = Console()
    console.print(f"{agency.title}: {', '.join(agency.servers) or 'tanpa server'}", markup=False, highlight=False)
    shown = Table("ruang", "servernya", "orangnya", "riwayat yang terlihat", "isi pesan", "sejak")
    for one in found:
        sees = one.sight in (Sight.INSIDE, Sight.OLD, Sight.OPEN)
        at = since.get(one.room)
        shown.add_row(
            f"{one.room}\n{one.title}",
            _SIGHTS[one.sight],
            str(one.members) + (f" (+{one.invited} diundang)" if one.invited else "") if sees else "-",
            _HISTORY.get(one.history, one.history) if sees else "-",
            ("terenkripsi" if one.encrypted else "terbaca server") if sees else "-",
            f"{datetime.fromtimestamp(at / 1000, zone):%d.%m.%Y %H.%M}" if at else "-",
        )
    console.print(shown)
    console.print(
        "Di ruang terenkripsi server mereka menyimpan siapa menulis kapan, bukan isinya; isinya dibaca perangkat "
        "orangnya. Yang sudah diterima sebuah server tidak bisa ditarik kembali dengan mencabutnya.",
        style="dim",
        markup=False,
    )


def _read(config: Path) -> tuple[Config, Files]:
    settings = load_config(config)
    configure(settings.log)
    return settings, Files.read(settings)


def _guests(settings: Config) -> dict[str, dict[str, Guests]]:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return {}  # a bot that never ran has nobody in its rooms
    with reading(settings) as connection:
        return guests(connection)


def _inside(agency: Agency, found: Mapping[str, Mapping[str, Guests]]) -> dict[str, int]:
    """Room → how many people of the agency's servers are in it."""
    counts: dict[str, int] = {}
    for server in agency.servers:
        for room, here in found.get(server, {}).items():
            counts[room] = counts.get(room, 0) + here.count
    return counts


async def _plan(settings: Config, files: Files, database: Database, choice: Choice) -> Plan:
    async with open_api(settings, database) as api:
        return (await RoomPlan(api, database, files, settings.homeserver.user_id).look(choice)).plan


async def _views(settings: Config, files: Files, database: Database, agency: Agency) -> list[View]:
    async with open_api(settings, database) as api:
        seen = await RoomPlan(api, database, files, settings.homeserver.user_id).look()
    return views(agency, files.rooms, dict(seen.found.rooms))


def _edit(settings: Config, change: Callable[[str], str]) -> None:
    """Put the changed file in the old one's place, whole, once all of rooms/ has been read with it.

    Raises ContentError, with the file as it was, when it would not do or somebody else has just written it.
    """
    folder = settings.resolve(settings.paths.rooms)
    file = folder / AGENCIES
    before = file.read_bytes() if file.exists() else b""
    after = change(before.decode("utf-8")).encode()
    with tempfile.TemporaryDirectory() as scratch:
        trial = Path(scratch) / "rooms"
        shutil.copytree(folder, trial)
        (trial / AGENCIES).write_bytes(after)
        try:
            Files.read(settings, trial)
        except ContentError as error:
            moved = [replace(one, file=folder / one.file.relative_to(trial)) for one in error.problems]
            raise ContentError(moved) from None
    descriptor, name = tempfile.mkstemp(prefix=f".{AGENCIES}.", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(after)
            handle.flush()
            os.fsync(handle.fileno())
        if file.exists():
            shutil.copymode(file, name)
        else:
            Path(name).chmod(0o644)
        if (file.read_bytes() if file.exists() else b"") != before:
            fail(f"{file} baru saja diubah orang lain: ulangi")
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)
