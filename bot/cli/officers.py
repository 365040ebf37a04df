"""`kentongan rooms officer trust`: an officer's new key, where no colleague is left who could vouch for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from bot.cli.account import open_api, open_database, told
from bot.cli.exits import FAILED, fail
from bot.cli.export import who
from bot.cli.options import ConfigOption
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.handlers.proof import shown
from bot.logs import configure
from bot.markup import escape, render
from bot.matrix import identities
from bot.moderation import words
from bot.outgoing import Outgoing, Priority
from bot.rooms.loader import OFFICERS, load_rooms
from bot.rooms.model import full_id
from bot.store import officerkeys, outbox, rooms
from bot.store.audit import Auditor
from bot.store.database import Database
from bot.version import content_version

app = typer.Typer(help="Petugas: kunci yang dikenal bot.", no_args_is_help=True)


@app.command("trust")
def trust(
    name: Annotated[str, typer.Argument(metavar="@NAMA", help="Petugas di officers.yaml.")],
    yes: Annotated[bool, typer.Option("--yes", help="Jangan bertanya lagi: kuncinya sudah dicocokkan.")] = False,
    config: ConfigOption = Path("config.yaml"),
) -> None:
    """Menerima kunci baru seorang petugas yang sekarang ditunjukkan homeserver. Cocokkan dulu dengan orangnya."""
    with told():
        settings = load_config(config)
        configure(settings.log)
        files, server = load_rooms(settings.resolve(settings.paths.rooms)), settings.homeserver.server_name
        person = full_id(name, server)
        if files.officer(person, server) is None:
            fail(f"{person} bukan petugas di {OFFICERS}")
        with open_database(settings) as database:
            _trust(settings, database, person, yes)


def _trust(settings: Config, database: Database, person: str, yes: bool) -> None:
    key = asyncio.run(_asked(settings, database, person))
    if not key:
        fail(f"{person} belum punya kunci: verifikasi sesinya di Element dulu (docs/moderator.md)", FAILED)
    with database.engine.connect() as connection:
        pin = officerkeys.pinned(connection, person)
    known = pin.master_key if pin is not None else None
    typer.echo(f"Dikenal bot:            {shown(known) if known else '-'}")
    typer.echo(f"Di homeserver sekarang: {shown(key)}")
    if known == key:
        typer.echo("Sama; tidak ada yang perlu diubah.")
        return
    if not yes and not typer.confirm(f"Sudah dicocokkan dengan {person} sendiri, bertatap muka?"):
        fail("Tidak ada yang diubah.", FAILED)
    auditor, version = Auditor(settings.audit_key()), content_version(settings)
    with database.engine.begin() as connection:
        now = now_ms()
        # Only what was shown and agreed to: in the meantime a colleague may have vouched for yet another key.
        if not officerkeys.replace(connection, person, key, known=known, by=who(), now=now):
            fail("Sementara itu kunci yang dikenal berubah; jalankan lagi.", FAILED)
        payload = {"officer": person, "key": key, "known": known, "who": who(), "by": "command"}
        number = auditor.append(connection, "officer.trusted", person, payload, version=version, now=now)
        _tell(connection, person, key, number, now)
    typer.echo(f"Kunci {person} diterima.")


async def _asked(settings: Config, database: Database, person: str) -> str:
    async with open_api(settings, database) as api:
        return (await identities.ask(api, person)).master


def _tell(connection: Connection, person: str, key: str, number: int, now: int) -> None:
    """The officers read it: a key that came in by the machine's own door is not to be a secret among them."""
    room_id = rooms.operations(connection)
    if room_id is not None:
        text = words.TRUSTED.format(who=escape(person), key=shown(key))
        said = render(text).content(notice=True)
        outbox.append(connection, Outgoing(f"trusted:{number}", room_id, said, priority=Priority.CARD), now)
