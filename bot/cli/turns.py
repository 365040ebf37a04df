"""`kentongan flows unmatched|replay`: what citizens really asked, held against the flows on disk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import ndiff
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Connection

from bot.cli import exits
from bot.cli.exits import fail
from bot.cli.flows import ConfigOption, FolderOption, JsonOption, load_engine
from bot.cli.stored import begin, reading
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.dialogue.conversation import EXPIRES_AFTER
from bot.dialogue.replay import Recorded, Replayed
from bot.dialogue.replay import replay as replayed
from bot.dialogue.unmatched import Asked, group, to_yaml
from bot.handlers import phrases
from bot.language.mask import mask
from bot.problem import ContentError
from bot.store import turns

SinceOption = Annotated[str, typer.Option(help="7d, 24h, 30m, 2w, or a local date like 2026-11-22.")]
_LEAD_IN_MS = int(EXPIRES_AFTER.total_seconds() * 1000)
_COLOURS = {"- ": "red", "+ ": "green"}


def unmatched(
    since: SinceOption = "30d",
    as_json: JsonOption = False,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="As examples to paste into a flow.")] = False,
    config: ConfigOption = Path("config.yaml"),
    folder: FolderOption = None,
) -> None:
    """Questions that were not understood, near-duplicates together, with the nearest intent."""
    settings = _settings(config)
    engine = load_engine(config, folder)
    first = begin(since, settings, now_ms())
    with reading(settings) as connection, _bar("Mengelompokkan", quiet=as_json or as_yaml) as bar:
        asked = [
            Asked(turn.conversation, turn.text, turn.outcome, turn.reason, turn.intent, _when(turn))
            for turn in turns.recorded(connection, first)
        ]
        task = bar.add_task("Mengelompokkan", total=None)
        groups = group(engine, asked, lambda done, total: bar.update(task, completed=done, total=total))
        erased = turns.count(connection, first)[1]
    if as_yaml:
        typer.echo(to_yaml(engine, groups), nl=False)
        return
    if as_json:
        for one in groups:
            typer.echo(json.dumps(one.to_json(), ensure_ascii=False))
        return
    table = Table("kali", "pertanyaan", "terdekat", "nilai", "dipilih warga", "sekarang")
    for one in groups:
        chosen = ", ".join(f"{intent} {number}×" for intent, number in one.chosen.items())
        more = f"  (+{len(one.variants) - 1} tulisan lain)" if len(one.variants) > 1 else ""
        cells = (str(one.count), one.text + more, one.nearest or "–", f"{one.score:.2f}", chosen or "–", one.now)
        table.add_row(*(escape(cell) for cell in cells))
    console = Console()
    console.print(table)
    console.print(
        f"{len(groups)} kelompok dari {sum(one.count for one in groups)} pertanyaan yang tidak terjawab, "
        f"{len(asked)} pesan dibaca." + _erased(erased),
        markup=False,
        highlight=False,
    )


def replay(
    since: SinceOption = "30d",
    as_json: JsonOption = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when any answer changes.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Print at most so many changes in full; 0: all.")] = 50,
    config: ConfigOption = Path("config.yaml"),
    folder: FolderOption = None,
) -> None:
    """Recorded turns on the flows on disk: which answers would change."""
    settings = _settings(config)
    engine = load_engine(config, folder)
    first = begin(since, settings, now_ms())
    console = Console()
    moved: Counter[tuple[str, str]] = Counter()
    compared = changed = following = 0
    with reading(settings) as connection, _bar("Memutar ulang", quiet=as_json) as bar:
        total, erased = turns.count(connection, first - _LEAD_IN_MS)
        shown: list[Replayed] = []  # printed when the bar is gone: both write to the terminal
        for one in replayed(engine, bar.track(_recorded(connection, first), total=total, description="Memutar ulang")):
            compared += 1
            if not one.changed:
                continue
            changed += 1
            following += one.follows
            moved[_label(one.before.outcome, one.before.intent), _label(one.after.outcome, one.after.intent)] += 1
            if as_json:
                typer.echo(json.dumps(one.to_json(), ensure_ascii=False))
            elif not limit or len(shown) < limit:
                shown.append(one)
    if as_json:
        summary = {"turns": compared, "changed": changed, "follows": following, "erased": erased}
        typer.echo(json.dumps({**summary, "content_version": engine.flows.digest}))
    else:
        for one in shown:
            _show(console, one, settings)
        _sum_up(console, moved, compared, changed, following, erased)
    if strict and changed:
        raise typer.Exit(exits.FAILED)


def _show(console: Console, one: Replayed, settings: Config) -> None:
    """One change for a person: what was removed, what was added."""
    when = one.before.when.astimezone(settings.zone).strftime("%Y-%m-%d %H.%M")
    follows = " [dim](lanjutan dari jawaban yang berubah)[/dim]" if one.follows else ""
    console.print(f"[bold]{when}[/bold]  {escape(one.before.text)}{follows}", highlight=False)
    before = _label(one.before.outcome, one.before.intent)
    after = _label(one.after.outcome, one.after.intent)
    if before != after:
        console.print(f"  [red]{escape(before)}[/red] → [green]{escape(after)}[/green]", highlight=False)
    if "reply" in one.changed:
        reply = mask(one.after.reply)
        for line in ndiff(one.before.reply.splitlines(), reply.splitlines()):
            if colour := _COLOURS.get(line[:2]):
                console.print(f"  {line}", style=colour, markup=False, highlight=False)
    console.print(f"  {one.before.event_id}\n", style="dim", markup=False, highlight=False)


def _sum_up(
    console: Console, moved: Counter[tuple[str, str]], compared: int, changed: int, following: int, erased: int
) -> None:
    if moved:
        table = Table("kali", "dahulu", "nanti")
        for (before, after), number in sorted(moved.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(str(number), escape(before), escape(after if after != before else "sama, kalimatnya lain"))
        console.print(table)
    follow = f" ({following} di antaranya lanjutan dari jawaban yang berubah)" if following else ""
    text = f"{compared} pesan diputar ulang, {changed} jawaban berubah{follow}."
    console.print(text + _erased(erased), markup=False, highlight=False)


def _recorded(connection: Connection, first: int) -> Iterator[Recorded]:
    for turn in turns.recorded(connection, first - _LEAD_IN_MS):
        yield Recorded(
            event_id=turn.event_id,
            conversation=turn.conversation,
            when=_when(turn),
            text=turn.text,
            outcome=turn.outcome,
            intent=turn.intent,
            reply=_decided(turn.reply),
            version=turn.version,
            private=turn.private,
            located=turn.located,
            lead_in=turn.at < first,
        )


def _decided(reply: str) -> str:
    """The reply without what the handlers put before it."""
    for prefix in (phrases.LATE_ANSWER, "> " + phrases.HEARD_QUESTION.partition("{")[0]):
        if reply.startswith(prefix):
            reply = reply.partition("\n\n")[2]
    return reply


def _when(turn: turns.Turn) -> datetime:
    return datetime.fromtimestamp(turn.at / 1000, UTC)


def _label(outcome: str, intent: str | None) -> str:
    return f"{outcome} {intent}" if intent else str(outcome)


def _erased(number: int) -> str:
    return f" {number} pesan lagi sudah dihapus sesuai retensi." if number else ""


@contextmanager
def _bar(name: str, *, quiet: bool) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        yield bar


def _settings(config: Path) -> Config:
    try:
        return load_config(config)
    except ContentError as error:
        fail(str(error))
