"""`kentongan bulletin sources`: what was last heard from whom, and recordings of real answers for the tests."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot import clock
from bot.bulletins import words
from bot.bulletins.loader import load_bulletins
from bot.bulletins.sources import Wanted, followed, wanted
from bot.cli import exits
from bot.cli.account import told
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.stored import look
from bot.config import Config, load_config
from bot.feeds.fault import FeedFault
from bot.feeds.fetch import Fetcher
from bot.logs import configure
from bot.store import feeds
from bot.store.feeds import Feed
from bot.store.tables import feeds as feeds_table

app = typer.Typer(help="Sumber luar buletin.", invoke_without_command=True)

RECORDINGS = Path("tests/feeds/fixtures")


@app.callback()
def listing(context: typer.Context, config: ConfigOption = Path("config.yaml"), as_json: JsonOption = False) -> None:
    """Setiap sumber luar: kapan terakhir menjawab dengan baik, dan apa galat terakhirnya."""
    if context.invoked_subcommand is not None:
        return
    with told():
        settings = load_config(config)
        configure(settings.log)
        listed = _wanted(settings)
        with look(settings, feeds_table) as connection:
            known = feeds.known(connection) if connection is not None else {}
    now = clock.now()
    rows = [_row(one, known.get(one.name), now) for one in listed]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table("sumber", "terakhir baik", "galat terakhir", box=None)
    for row in rows:
        table.add_row(*(Text(str(row[key] or "")) for key in ("name", "told", "error")))
    Console(soft_wrap=True).print(table if rows else _NOTHING)


@app.command()
def record(
    out: Annotated[Path, typer.Option("--out", help="Folder untuk rekamannya.")] = RECORDINGS,
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Bertanya sekarang ke setiap sumber dan menyimpan jawaban aslinya sebagai recorded_TANGGAL_NAMA.

    Kode 3 bila tidak satu pun menjawab, 1 bila sebagian tidak.
    """
    with told():
        settings = load_config(config)
        configure(settings.log)
        listed = _wanted(settings)
    date = clock.now().astimezone(settings.zone).date()
    ends = asyncio.run(_record(settings, listed, out, date))
    for name, file, fault in ends:
        if as_json:
            typer.echo(json.dumps({"name": name, "file": file and str(file), "error": fault}, ensure_ascii=False))
        else:
            typer.echo(f"{name}: {fault or file}")
    good = [file for _, file, _ in ends if file]
    if not ends:
        typer.echo(_NOTHING, err=True)
    raise typer.Exit(exits.UNREACHABLE if not good else exits.GOOD if len(good) == len(ends) else exits.FAILED)


_NOTHING = "Tidak ada sumber yang ditanya (sources di rooms/bulletins.yaml, feeds.enabled di config.yaml)."


def _wanted(settings: Config) -> list[Wanted]:
    bulletins = load_bulletins(settings.resolve(settings.paths.rooms))
    return wanted(bulletins.sources, settings.feeds)


def _row(one: Wanted, feed: Feed | None, now: dt.datetime) -> dict[str, str | int | None]:
    at = feed.fetched_at if feed else None
    age = None if at is None else max(now - dt.datetime.fromtimestamp(at / 1000, dt.UTC), dt.timedelta())
    return {
        "name": one.name,
        "url": one.url,
        "age_seconds": None if age is None else int(age.total_seconds()),
        "told": words.NEVER if age is None else words.ago(age),
        "error": feed.error if feed else None,
    }


async def _record(
    settings: Config, listed: list[Wanted], out: Path, date: dt.date
) -> list[tuple[str, Path | None, str | None]]:
    """(name, file, what went wrong) of every source and of the alerts that its list points to."""
    fetcher = Fetcher(seconds=settings.feeds.timeout_seconds, proxy=settings.feeds.proxy)
    ends: list[tuple[str, Path | None, str | None]] = []
    waiting = [(one.name, one.url, one) for one in listed]
    try:
        while waiting:
            name, url, one = waiting.pop(0)
            try:
                raw = (await fetcher.get(url)).raw or b""
            except FeedFault as fault:
                ends.append((name, None, str(fault)))
                continue
            ends.append((name, _keep(out, date, name, raw), None))
            if name == one.name:
                waiting += [(entry, link, one) for entry, link in followed(one, raw)]
    finally:
        await fetcher.close()
    return ends


def _keep(out: Path, date: dt.date, name: str, raw: bytes) -> Path:
    """As it came: what it is not fit for is for the tests to say."""
    out.mkdir(parents=True, exist_ok=True)
    kind = "json" if raw.lstrip()[:1] in (b"{", b"[") else "xml"
    file = out / f"recorded_{date.isoformat()}_{re.sub(r'[^A-Za-z0-9.]+', '-', name)}.{kind}"
    file.write_bytes(raw)
    return file
