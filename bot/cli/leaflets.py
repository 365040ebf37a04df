"""`kentongan rooms poster|page`: how people come in, on paper and on their phones. Needs no homeserver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from bot.cli.exits import fail
from bot.cli.options import ConfigOption
from bot.config import Config, load_config
from bot.exports.doors import Door, House, doors
from bot.markup import escape
from bot.problem import ContentError
from bot.rooms.loader import load_rooms
from bot.rooms.model import Rooms
from bot.rooms.notices import told

OutOption = Annotated[Path, typer.Option("--out", help="Folder untuk berkasnya; dibuat bila belum ada.")]
PAGE = "gabung.html"


def poster(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[KANAL]…", help="Nama kanal di rooms.yaml; kosong: semua.")
    ] = None,
    out: OutOption = Path("poster"),
    config: ConfigOption = Path("config.yaml"),
) -> None:
    """Poster A4 setiap kanal dengan kode QR-nya: PDF untuk dicetak, PNG untuk dibagikan."""
    from bot.exports import poster as paper  # here: the type setter takes a moment to load

    settings, rooms = _read(config)
    house, ways = house_of(settings, rooms), _doors(settings, rooms)
    chosen = _chosen(rooms, ways, names or [])
    for door in track(chosen, "Membuat poster", console=Console(stderr=True), transient=True):
        for ending, make in (("pdf", paper.write_pdf), ("png", paper.write_png)):
            _write(out / f"poster-{door.name}.{ending}", make(door, house))


def page(out: OutOption = Path("halaman"), config: ConfigOption = Path("config.yaml")) -> None:
    """Satu halaman HTML untuk calon anggota, tanpa skrip: aplikasi, akun, kanal, pemberitahuan data."""
    from bot.exports.page import write_html

    settings, rooms = _read(config)
    days = settings.retention.audio_days
    privacy = told(rooms.notices.privacy or "", controller=escape(rooms.controller), audio_days=days)
    _write(out / PAGE, write_html(_doors(settings, rooms), house_of(settings, rooms), privacy).encode())


def house_of(settings: Config, rooms: Rooms) -> House:
    """What all posters, cards and the page have in common."""
    links = settings.links
    controller = rooms.controller or rooms.space.title
    return House(controller, settings.homeserver.server_name, links.registration, links.accounts)


def _read(config: Path) -> tuple[Config, Rooms]:
    try:
        settings = load_config(config)
        return settings, load_rooms(settings.resolve(settings.paths.rooms))
    except ContentError as error:
        fail(str(error))


def _doors(settings: Config, rooms: Rooms) -> tuple[Door, ...]:
    return doors(rooms, settings.homeserver.server_name, settings.links.base)


def _chosen(rooms: Rooms, ways: tuple[Door, ...], names: list[str]) -> list[Door]:
    """The doors asked for, all when none is named. Ends the command for a name without one."""
    known = {door.name: door for door in ways}
    for name in names:
        if name not in known:
            closed = any(room.name == name for room in rooms.all)
            why = "tidak bisa dimasuki sendiri, jadi tidak punya poster" if closed else "tidak ada di rooms.yaml"
            fail(f"'{name}' {why} (yang bisa: {', '.join(known) or 'tidak ada'})")
    return [known[name] for name in dict.fromkeys(names)] if names else list(ways)


def _write(file: Path, made: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(made)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    typer.echo(str(file))
