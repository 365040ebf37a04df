"""`kentongan rooms token new|list|revoke`: registration codes for newcomers, over the homeserver's admin API."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from bot.cli import exits
from bot.cli.account import open_database, told
from bot.cli.export import who
from bot.cli.leaflets import house_of
from bot.cli.options import ConfigOption, JsonOption
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.exports import codecards
from bot.logs import configure
from bot.matrix import registration
from bot.matrix.api import HomeserverApi
from bot.matrix.registration import Code, RegistrationError
from bot.problem import ContentError, Problem
from bot.rooms.loader import load_rooms
from bot.store.audit import Auditor
from bot.store.database import Database
from bot.version import content_version

app = typer.Typer(help="Kode pendaftaran: siapa yang memegangnya bisa membuat akun.", no_args_is_help=True)

Answer = TypeVar("Answer")


@app.command("new")
def new(
    uses: Annotated[int, typer.Option("--uses", min=1, max=10_000, help="Berapa akun dengan satu kode.")] = 1,
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="Berlaku berapa hari.")] = 14,
    count: Annotated[int, typer.Option("--count", min=1, max=codecards.MAX_CARDS, help="Berapa kode.")] = 1,
    cards: Annotated[
        Path | None, typer.Option("--cards", help="Berkas PDF: kartu untuk dicetak dan digunting.")
    ] = None,
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Membuat kode baru. Kodenya hanya ditampilkan sekali, di sini (dan di kartu)."""
    with told(), _explained():
        settings = load_config(config)
        configure(settings.log)
        rooms = load_rooms(settings.resolve(settings.paths.rooms)) if cards is not None else None
        until = now_ms() + days * 24 * 3_600_000
        make = partial(registration.make, uses=uses, until=until, count=count)
        with open_database(settings) as database:
            made = asyncio.run(_with_admin(settings, make, check=True))
            codes = [one.masked for one in made]
            _record(settings, database, "registration.made", {"codes": codes, "uses": uses, "until": until})
    for one in made:
        typer.echo(json.dumps(_line(one, settings, shown=one.code), ensure_ascii=False) if as_json else one.code)
    if cards is not None and rooms is not None:
        last = datetime.fromtimestamp(until / 1000, UTC).astimezone(settings.zone) - timedelta(seconds=1)
        house = house_of(settings, rooms)
        _write(cards, codecards.write_pdf([one.code for one in made], house, uses=uses, until=last.date()))


@app.command("list")
def show(config: ConfigOption = Path("config.yaml"), as_json: JsonOption = False) -> None:
    """Kode yang ada: awal kodenya saja, sudah dipakai berapa kali, sampai kapan."""
    with told(), _explained():
        settings = load_config(config)
        configure(settings.log)
        found = asyncio.run(_with_admin(settings, registration.listed))
    if as_json:
        for one in found:
            typer.echo(json.dumps(_line(one, settings, shown=one.masked), ensure_ascii=False))
        return
    rows = Table("Kode", "Akun dibuat", "Berlaku sampai", "Masih bisa")
    for one in found:
        line = _line(one, settings, shown=one.masked)
        used = f"{one.done} dari {'∞' if one.uses is None else one.uses}"
        rows.add_row(one.masked, used, line["until"] or "–", "ya" if line["valid"] else "tidak")
    Console().print(rows if found else "Belum ada kode.")


@app.command("revoke")
def revoke(
    code: Annotated[str, typer.Argument(metavar="KODE", help="Kodenya, atau awalnya seperti di `list`.")],
    config: ConfigOption = Path("config.yaml"),
) -> None:
    """Mencabut satu kode. Akun yang sudah dibuat dengannya tetap ada."""
    with told(), _explained():
        settings = load_config(config)
        configure(settings.log)
        with open_database(settings) as database:
            one = asyncio.run(_with_admin(settings, partial(_revoke, said=code)))
            _record(settings, database, "registration.revoked", {"codes": [one.masked], "accounts": one.done})
    typer.echo(f"Kode {one.masked} dicabut.")


def _record(settings: Config, database: Database, kind: str, payload: dict[str, Any]) -> None:
    """Who lets how many people in is on record; of a code only its beginning."""
    auditor, version, now = Auditor(settings.audit_key()), content_version(settings), now_ms()
    row = {**payload, "by": who()}
    database.run_blocking(lambda db: auditor.append(db, kind, f"registration:{now}", row, version=version, now=now))


async def _revoke(api: HomeserverApi, said: str) -> Code:
    meant = registration.match(await registration.listed(api), said)
    if len(meant) != 1:
        problem = "tidak ada kode itu" if not meant else "lebih dari satu kode berawalan begitu; tulis lebih lengkap"
        raise RegistrationError(problem)
    await registration.revoke(api, meant[0].code)
    return meant[0]


async def _with_admin(
    settings: Config, work: Callable[[HomeserverApi], Awaitable[Answer]], *, check: bool = False
) -> Answer:
    async with _admin(settings) as api:
        if check:
            await registration.ready(api, settings.homeserver.user_id)
        return await work(api)


@asynccontextmanager
async def _admin(settings: Config) -> AsyncIterator[HomeserverApi]:
    token = settings.admin_token()
    if token is None:
        home = settings.homeserver
        what = (
            "homeserver.admin_token_file: kode pendaftaran perlu token akses seorang administrator homeserver "
            f"(bukan akun bot), di berkas itu atau di variabel {home.admin_token_env}; lihat docs/operator.md"
        )
        raise ContentError([Problem(settings.file, 0, what)])
    async with HomeserverApi(settings.homeserver.url, token, proxy=settings.homeserver.proxy) as api:
        yield api


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except RegistrationError as error:
        exits.fail(str(error), exits.FAILED)


def _line(one: Code, settings: Config, *, shown: str) -> dict[str, Any]:
    until = None
    if one.until is not None:
        until = f"{datetime.fromtimestamp(one.until / 1000, UTC).astimezone(settings.zone):%Y-%m-%d %H:%M}"
    return {"code": shown, "uses": one.uses, "done": one.done, "until": until, "valid": one.valid(now_ms())}


def _write(file: Path, made: bytes) -> None:
    """For its owner alone: what stands on the cards is secret."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "wb", opener=partial(os.open, mode=0o600)) as target:
            target.write(made)
    except OSError as error:
        exits.fail(f"{file}: {error.strerror}")
    typer.echo(str(file), err=True)
