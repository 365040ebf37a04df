"""`kentongan rooms plan|apply`: what rooms/ describes, against the homeserver."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Connection

from bot.cli import exits
from bot.cli.account import open_api, open_database, told
from bot.cli.options import ConfigOption, JsonOption
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.logs import configure
from bot.rooms.apply import Outcome, Result, Step, apply
from bot.rooms.change import Plan
from bot.rooms.homeserver import Homeserver
from bot.rooms.loader import load_rooms
from bot.rooms.model import Rooms
from bot.rooms.plan import plan
from bot.rooms.survey import survey
from bot.store import rooms as store
from bot.store.audit import Auditor
from bot.store.database import Database
from bot.version import content_version

app = typer.Typer(help="Ruang-ruang: rencanakan dan samakan dengan homeserver.", no_args_is_help=True)

AdoptOption = Annotated[
    list[str] | None, typer.Option("--adopt", help="Ambil alih ruang ini walau ada orang di luar daftar yang berkuasa.")
]

MAX_ROUNDS = 5
"""A room that was entered or found shows only then what it lacks; each round goes one step further."""


@app.command("plan")
def show(config: ConfigOption = Path("config.yaml"), as_json: JsonOption = False, adopt: AdoptOption = None) -> None:
    """Apa yang akan dilakukan `apply`. Kode 1 bila ada yang tidak bisa diterapkan."""
    with told():
        settings = load_config(config)
        configure(settings.log)
        desired = load_rooms(settings.resolve(settings.paths.rooms))
        with open_database(settings) as database:
            wanted = asyncio.run(_plan(settings, desired, database, adopt or ()))
    _print_plan(wanted, as_json)
    raise typer.Exit(exits.FAILED if wanted.blocked else exits.GOOD)


@app.command("apply")
def make(config: ConfigOption = Path("config.yaml"), as_json: JsonOption = False, adopt: AdoptOption = None) -> None:
    """Menyamakan homeserver dengan rooms/. Aman diulang; bila terputus, dilanjutkan.

    Kode 1 bila ada yang tidak bisa dilakukan.
    """
    with told():
        settings = load_config(config)
        configure(settings.log)
        desired = load_rooms(settings.resolve(settings.paths.rooms))
        with open_database(settings) as database:
            outcome, last = asyncio.run(_apply(settings, desired, database, adopt or (), as_json))
    _print_outcome(outcome, last, as_json)
    raise typer.Exit(exits.FAILED if outcome.failures or last.blocked or last.changes else exits.GOOD)


async def _plan(settings: Config, desired: Rooms, database: Database, adopt: Collection[str]) -> Plan:
    async with open_api(settings, database) as api:
        return (await _look(api, settings, desired, database, adopt))[0]


async def _look(
    api: Homeserver, settings: Config, desired: Rooms, database: Database, adopt: Collection[str]
) -> tuple[Plan, dict[str, str]]:
    recorded = {name: room.room_id for name, room in (await database.run(store.named)).items()}
    found = await survey(api, desired, me=settings.homeserver.user_id, recorded=recorded)
    wanted = plan(desired, found, settings.homeserver.server_name, adopt=adopt)
    return wanted, {name: room.room_id for name, room in found.rooms.items()}


async def _apply(
    settings: Config, desired: Rooms, database: Database, adopt: Collection[str], as_json: bool
) -> tuple[Outcome, Plan]:
    """Rounds until nothing is left, or nothing can be done about what is."""
    server_name = settings.homeserver.server_name
    auditor = Auditor(settings.audit_key())

    async def remember(name: str, room_id: str) -> None:
        room = desired.by_name(name)
        assert room is not None  # noqa: S101
        alias = room.full_alias(server_name)
        await database.run(lambda db: store.record(db, name, room_id, kind=room.kind, alias=alias, now=now_ms()))

    total = Outcome({})
    async with open_api(settings, database) as api:
        for _ in range(MAX_ROUNDS):
            wanted, ids = await _look(api, settings, desired, database, adopt)
            total.ids = ids
            if not wanted.changes:
                break
            steps: list[Step] = []
            with _Bar(len(wanted.changes), quiet=as_json) as tell:

                def on_progress(step: Step, tell: Callable[[Step], None] = tell, steps: list[Step] = steps) -> None:
                    steps.append(step)
                    tell(step)
                    if as_json:
                        typer.echo(json.dumps(_step(step), ensure_ascii=False))

                outcome = await apply(api, wanted.changes, ids=ids, on_room=remember, on_progress=on_progress)
            total.done += outcome.done
            total.already += outcome.already
            total.ids, total.failures = outcome.ids, outcome.failures
            await database.run(partial(_audit, auditor, [_step(step) for step in steps], content_version(settings)))
            if not outcome.done and not outcome.already:
                break
        wanted, total.ids = await _look(api, settings, desired, database, adopt)
    return total, wanted


def _audit(auditor: Auditor, steps: list[dict[str, Any]], version: str, connection: Connection) -> None:
    auditor.append(connection, "rooms.applied", "rooms", {"steps": steps}, version=version, now=now_ms())


class _Bar:
    """A progress bar with the change under way; silent for --json."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True)
        self._task = self._progress.add_task("Menyamakan ruang", total=total)

    def __enter__(self) -> Callable[[Step], None]:
        self._progress.start()
        return self._tell

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _tell(self, step: Step) -> None:
        mark = {Result.DONE: "✓", Result.ALREADY: "=", Result.FAILED: "✗"}[step.result]
        self._progress.update(self._task, completed=step.number)
        self._progress.console.print(f"{mark} {step.change}" + (f": {step.error}" if step.error else ""), markup=False)


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": "step",
        "room": step.change.room,
        "change": type(step.change).__name__,
        "text": str(step.change),
        "result": step.result,
        "error": step.error or None,
    }


def _print_plan(wanted: Plan, as_json: bool) -> None:
    if as_json:
        for change in wanted.changes:
            line = {"kind": "change", "room": change.room, "change": type(change).__name__, "text": str(change)}
            typer.echo(json.dumps(line, ensure_ascii=False))
        _print_remarks_json(wanted)
        typer.echo(json.dumps({"kind": "summary", "changes": len(wanted.changes), "blocked": wanted.blocked}))
        return
    console = Console()
    for change in wanted.changes:
        console.print(str(change), markup=False, highlight=False)
    _print_remarks(wanted, console)
    if wanted.changes:
        console.print(f"{len(wanted.changes)} perubahan. Jalankan: kentongan rooms apply", markup=False)
    else:
        console.print("Sudah sesuai, tidak ada yang perlu diubah.")


def _print_outcome(outcome: Outcome, last: Plan, as_json: bool) -> None:
    if as_json:
        _print_remarks_json(last)
        summary = {
            "kind": "summary",
            "done": outcome.done,
            "already": outcome.already,
            "failed": len(outcome.failures),
            "left": len(last.changes),
            "rooms": outcome.ids,
        }
        typer.echo(json.dumps(summary, ensure_ascii=False))
        return
    console = Console()
    for step in outcome.failures:
        console.print(f"✗ {step.change}: {step.error}", style="red", markup=False)
    _print_remarks(last, console)
    for name, room_id in outcome.ids.items():
        console.print(f"  {name}: {room_id}", markup=False, highlight=False)
    console.print(f"{outcome.done} perubahan dikerjakan, {len(outcome.failures)} gagal, {len(last.changes)} tersisa.")


def _print_remarks(wanted: Plan, console: Console) -> None:
    for remark in wanted.remarks:
        style = {"info": "dim", "warning": "yellow", "blocked": "red"}[remark.level]
        console.print(str(remark), style=style, markup=False, highlight=False)


def _print_remarks_json(wanted: Plan) -> None:
    for remark in wanted.remarks:
        line = {"kind": "remark", "room": remark.room, "level": remark.level, "text": remark.message}
        typer.echo(json.dumps(line, ensure_ascii=False))
