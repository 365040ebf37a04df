"""`kentongan flows unmatched|replay`: what citizens really asked, held against the flows on disk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import SequenceMatcher, ndiff
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from bot.cli import exits
from bot.cli.exits import fail
from bot.cli.flows import FolderOption, load_engine
from bot.cli.options import ConfigOption, JsonOption
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

SinceOption = Annotated[str, typer.Option(help="7d, 24h, 30m, 2w, atau tanggal setempat, misalnya 2026-11-22.")]
_LEAD_IN_MS = int(EXPIRES_AFTER.total_seconds() * 1000)
_QUESTIONS = 3
"""Different questions named for a change; the first are as good as any."""


def unmatched(
    since: SinceOption = "30d",
    as_json: JsonOption = False,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Siap ditempel ke examples sebuah alur.")] = False,
    config: ConfigOption = Path("config.yaml"),
    folder: FolderOption = None,
) -> None:
    """Pertanyaan yang tidak terjawab, yang hampir sama dijadikan satu, dengan layanan terdekat."""
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
    strict: Annotated[bool, typer.Option("--strict", help="Kode 1 bila ada jawaban yang berubah.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Paling banyak sekian perubahan yang berbeda; 0: semua.")] = 50,
    config: ConfigOption = Path("config.yaml"),
    folder: FolderOption = None,
) -> None:
    """Memutar ulang percakapan pada alur yang ada sekarang: jawaban mana yang akan berubah."""
    settings = _settings(config)
    engine = load_engine(config, folder)
    first = begin(since, settings, now_ms())
    console = Console()
    moved: Counter[tuple[str, str]] = Counter()
    compared = changed = following = 0
    with reading(settings) as connection, _bar("Memutar ulang", quiet=as_json) as bar:
        total, erased = turns.count(connection, first - _LEAD_IN_MS)
        alike: dict[tuple[str, ...], list[Replayed]] = {}  # printed when the bar is gone: both write to the terminal
        for one in replayed(engine, bar.track(_recorded(connection, first), total=total, description="Memutar ulang")):
            compared += 1
            if not one.changed:
                continue
            changed += 1
            following += one.follows
            moved[_label(one.before.outcome, one.before.intent), _label(one.after.outcome, one.after.intent)] += 1
            if as_json:
                typer.echo(json.dumps(one.to_json(), ensure_ascii=False))
            else:
                alike.setdefault(_change(one), []).append(one)
    if as_json:
        summary = {"turns": compared, "changed": changed, "follows": following, "erased": erased}
        typer.echo(json.dumps({**summary, "content_version": engine.flows.digest}))
    else:
        different = sorted(alike.values(), key=lambda group: -len(group))
        for group in different[: limit or None]:
            _show(console, group, settings)
        if 0 < limit < len(different):
            more = sum(len(group) for group in different[limit:])
            console.print(f"… dan {len(different) - limit} perubahan lain pada {more} pesan; semuanya: --limit 0\n")
        _sum_up(console, moved, compared, changed, following, erased)
    if strict and changed:
        raise typer.Exit(exits.FAILED)


def _change(one: Replayed) -> tuple[str, ...]:
    """What makes two changes the same for a person who reads them."""
    after = one.after
    return (
        _label(one.before.outcome, one.before.intent), one.before.reply, _label(after.outcome, after.intent),
        mask(after.reply),
    )  # fmt: skip


def _show(console: Console, group: list[Replayed], settings: Config) -> None:
    """One change for a person: how often, on what questions, what was removed and what was added."""
    one = group[0]
    when = one.before.when.astimezone(settings.zone).strftime("%Y-%m-%d %H.%M")
    following = sum(each.follows for each in group)
    follows = f" [dim]({following} lanjutan dari jawaban yang berubah)[/dim]" if following else ""
    texts = list(dict.fromkeys(each.before.text for each in group))
    more = f" [dim]+{len(texts) - _QUESTIONS} pertanyaan lain[/dim]" if len(texts) > _QUESTIONS else ""
    said = " · ".join(escape(text or "(lokasi)") for text in texts[:_QUESTIONS])
    console.print(f"[bold]{len(group)}×[/bold]  {said}{more}{follows}", highlight=False)
    before = _label(one.before.outcome, one.before.intent)
    after = _label(one.after.outcome, one.after.intent)
    if before != after:
        console.print(f"  [red]{escape(before)}[/red] → [green]{escape(after)}[/green]", highlight=False)
    if "reply" in one.changed:
        for line in _difference(one.before.reply, mask(one.after.reply)):
            console.print(Text("  ") + line, highlight=False)
    console.print(f"  pertama {when}  {one.before.event_id}\n", style="dim", markup=False, highlight=False)


def _difference(before: str, after: str) -> Iterator[Text]:
    """Lines that went and came; in a line that only changed, the words that did stand out."""
    removed: list[str] = []
    for line in [*ndiff(before.splitlines(), after.splitlines()), "  "]:
        sign, words = line[:2], line[2:]
        if sign == "- ":
            removed.append(words)
        elif sign == "+ " and removed:
            yield from _changed_line(removed.pop(0), words)
        elif sign == "+ ":
            yield Text(f"+ {words}", style="green")
        elif sign != "? ":
            yield from (Text(f"- {left}", style="red") for left in removed)
            removed.clear()


def _changed_line(before: str, after: str) -> tuple[Text, Text]:
    old, new = before.split(" "), after.split(" ")
    gone, come = Text("- ", style="red"), Text("+ ", style="green")
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        style = "" if tag == "equal" else "bold underline"
        for line, words in ((gone, old[first:last]), (come, new[start:end])):
            for word in words:
                line.append(word, style=style).append(" ")
    return gone, come


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
