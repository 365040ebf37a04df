"""`kentongan rooms plan|apply`: what rooms/ describes, against the homeserver."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from sqlalchemy import Connection

from bot.cli import agencies, exits, leaflets, officers, tokens
from bot.cli.account import open_api, open_database, told
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.roombar import RoomBar, spoken
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.logs import configure
from bot.matrix.roomplan import Choice, Files, RoomPlan
from bot.problem import ContentError, Problem
from bot.rooms.apply import Outcome, Step
from bot.rooms.change import Plan
from bot.rooms.loader import ROOMS
from bot.rooms.pace import slow_at_worst
from bot.store.audit import Auditor
from bot.store.database import Database
from bot.version import content_version

Answer = TypeVar("Answer")

app = typer.Typer(help="Ruang-ruang: rencanakan dan samakan dengan homeserver.", no_args_is_help=True)
app.command("poster")(leaflets.poster)
app.command("page")(leaflets.page)
app.add_typer(tokens.app, name="token")
app.add_typer(agencies.app, name="agency")
app.add_typer(officers.app, name="officer")

AdoptOption = Annotated[
    list[str] | None, typer.Option("--adopt", help="Ambil alih ruang ini walau ada orang di luar daftar yang berkuasa.")
]
ForceOption = Annotated[
    list[str] | None,
    typer.Option("--force", help="Tutup ruang ini bagi server di luar daftar walau anggotanya masih di dalam."),
]
RoomOption = Annotated[list[str] | None, typer.Option("--room", help="Hanya ruang ini; boleh berulang.")]

MAX_ROUNDS = 5
"""A room that was entered or found shows only then what it lacks; each round goes one step further."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


@app.command("plan")
def show(
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
    room: RoomOption = None,
    adopt: AdoptOption = None,
    force: ForceOption = None,
) -> None:
    """Apa yang akan dilakukan `apply`. Kode 1 bila ada yang tidak bisa diterapkan."""
    with told():
        settings, files, choice = _read(config, room, adopt, force)
        with open_database(settings) as database:
            wanted = asyncio.run(_plan(settings, files, database, choice))
    print_plan(wanted, as_json)
    raise typer.Exit(exits.FAILED if wanted.blocked else exits.GOOD)


@app.command("apply")
def make(
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
    room: RoomOption = None,
    adopt: AdoptOption = None,
    force: ForceOption = None,
) -> None:
    """Menyamakan homeserver dengan rooms/. Aman diulang; bila terputus, dilanjutkan.

    Kode 1 bila ada yang tidak bisa dilakukan.
    """
    with told():
        settings, files, choice = _read(config, room, adopt, force)
        with open_database(settings) as database:
            raise typer.Exit(carry_out(settings, files, database, choice, as_json))


def carry_out(settings: Config, files: Files, database: Database, choice: Choice, as_json: bool) -> int:
    """Apply and print what came of it; the exit status."""
    try:
        outcome, last = asyncio.run(_stoppable(_apply(settings, files, database, choice, as_json)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("Terputus. Yang sudah dikerjakan tetap; jalankan lagi untuk meneruskan.", err=True)
        return INTERRUPTED
    _print_outcome(outcome, last, as_json)
    return exits.FAILED if outcome.failures or last.blocked or last.changes else exits.GOOD


async def _stoppable(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Ctrl-C ends it also while it waits for minutes: the handler of `asyncio.run` alone does not wake the loop."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None  # noqa: S101
    loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        return await work
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _read(
    config: Path, room: list[str] | None, adopt: list[str] | None, force: list[str] | None
) -> tuple[Config, Files, Choice]:
    settings = load_config(config)
    configure(settings.log)
    files = Files.read(settings)
    choice = Choice(adopt=adopt or (), force=force or (), only=room or ())
    known = {one.name for one in files.rooms.all}
    if unknown := sorted({*choice.adopt, *choice.force, *choice.only} - known):
        what = f"no room {', '.join(unknown)} (there are: {', '.join(sorted(known))})"
        raise ContentError([Problem(settings.resolve(settings.paths.rooms) / ROOMS, 0, what)])
    return settings, files, choice


async def _plan(settings: Config, files: Files, database: Database, choice: Choice) -> Plan:
    async with open_api(settings, database) as api:
        return (await RoomPlan(api, database, files, settings.homeserver.user_id).look(choice)).plan


async def _apply(
    settings: Config, files: Files, database: Database, choice: Choice, as_json: bool
) -> tuple[Outcome, Plan]:
    """Rounds until nothing is left, or nothing can be done about what is."""
    auditor = Auditor(settings.audit_key())
    total = Outcome({})
    async with open_api(settings, database) as api:
        rooms = RoomPlan(api, database, files, settings.homeserver.user_id)
        for _ in range(MAX_ROUNDS):
            seen = await rooms.look(choice)
            total.ids = seen.ids
            if not seen.plan.changes:
                break
            steps: list[dict[str, Any]] = []
            try:
                with RoomBar(seen.plan.changes, settings.zone, quiet=as_json) as bar:

                    def on_progress(step: Step, bar: RoomBar = bar, steps: list[dict[str, Any]] = steps) -> None:
                        steps.append(_step(step))
                        bar.tell(step)
                        if as_json:
                            typer.echo(json.dumps(steps[-1], ensure_ascii=False))

                    outcome = await rooms.make(seen.plan.changes, seen, on_progress)
            finally:  # what was done before Ctrl-C was done, too
                await database.run(partial(_audit, auditor, steps, content_version(settings)))
            total.done += outcome.done
            total.already += outcome.already
            total.ids, total.failures = outcome.ids, outcome.failures
            if not outcome.done and not outcome.already:
                break
        seen = await rooms.look(choice)
        total.ids = seen.ids
    return total, seen.plan


def _audit(auditor: Auditor, steps: list[dict[str, Any]], version: str, connection: Connection) -> None:
    if steps:
        auditor.append(connection, "rooms.applied", "rooms", {"steps": steps}, version=version, now=now_ms())


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": "step",
        "room": step.change.room,
        "change": type(step.change).__name__,
        "text": str(step.change),
        "result": step.result,
        "error": step.error or None,
    }


def print_plan(wanted: Plan, as_json: bool) -> None:
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
        if slow := slow_at_worst(wanted.changes):
            console.print(
                "Homeserver biasanya mengizinkan sepuluh ruang sekaligus, lalu satu tiap menit: sekitar "
                f"{spoken(slow)}, kecuali akun bot sudah dibebaskan (docs/operator.md).",
                style="dim",
            )
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
