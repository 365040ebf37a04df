"""`kentongan flows ask|test|match|…`: the service chat without a homeserver."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, ClassVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from bot.cli import exits
from bot.cli.lazy import LazyGroup
from bot.cli.options import ConfigOption, JsonOption
from bot.clock import now
from bot.config import load_config
from bot.dialogue.decision import Decision
from bot.dialogue.engine import Engine
from bot.dialogue.foreign import ForeignMatcher
from bot.dialogue.loader import load_flows
from bot.dialogue.shadows import Shadows
from bot.dialogue.trial import run_examples, run_talks
from bot.problem import ContentError


class _Commands(LazyGroup):
    """Those that need more than the flows are imported only when used."""

    table: ClassVar[dict[str, str]] = {
        "graph": "bot.cli.graph:graph",
        "replay": "bot.cli.turns:replay",
        "unmatched": "bot.cli.turns:unmatched",
    }


app = typer.Typer(cls=_Commands, help="Alur jawaban: tanyai, uji, ukur.", no_args_is_help=True)

FolderOption = Annotated[Path | None, typer.Option("--flows", help="Folder alur lain, bukan yang di config.yaml.")]
StdinOption = Annotated[bool, typer.Option("--stdin", help="Satu teks per baris dari masukan standar.")]


@app.command()
def ask(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT…")] = None,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
    explain: Annotated[bool, typer.Option("--explain", help="Tampilkan alasannya.")] = False,
    config: ConfigOption = Path("config.yaml"),
    folder: FolderOption = None,
) -> None:
    """Satu pertanyaan, satu keputusan, masing-masing dalam percakapan baru."""
    engine = load_engine(config, folder)
    console = Console()
    for text in _texts(texts, stdin):
        started = time.perf_counter_ns()
        decision = engine.step(None, text, now())
        micros = (time.perf_counter_ns() - started) // 1000
        if as_json:
            row = decision.to_json(engine.flows.digest, micros)
            if explain:
                row["explanation"] = decision.explanation
            typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            show(console, decision, explain=explain)


@app.command("test")
def run(config: ConfigOption = Path("config.yaml"), folder: FolderOption = None) -> None:
    """Memainkan percakapan uji, dan menanyakan setiap contoh layanan dan kebijakan. Kode 1 bila ada yang berbeda."""
    folder = flows_folder(config, folder)
    engine = load_engine(config, folder)
    with _told():
        examples = chain(run_examples(engine, now()), Shadows(engine, now()).tried_rules())
        trials = [*run_talks(engine, folder, now()), *track(examples, "contoh", transient=True)]
    for trial in trials:
        for problem in trial.problems:
            typer.echo(str(problem), err=True)
    failed = sum(not trial.passed for trial in trials)
    typer.echo(f"{len(trials) - failed} dari {len(trials)} lulus")
    if failed:
        raise typer.Exit(exits.FAILED)


@app.command()
def match(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT…")] = None,
    train: Annotated[Path | None, typer.Option(help='JSONL berisi {"text","intent"}. Wajib.')] = None,
    stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """Pencocoknya saja, pada maksud apa pun."""
    if train is None:
        exits.fail("--train FILE is needed: JSONL of {text, intent}")
    try:
        matcher = ForeignMatcher(list(_rows(train)))
    except ValueError as error:
        exits.fail(f"{train}: {error}", exits.FAILED)
    for text in _texts(texts, stdin):
        found = matcher.find(text)
        if as_json:
            row = {"text": text, "intent": found.intent, "best": found.best, "score": found.score}
            typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            typer.echo(f"{found.intent or '–'}\t{found.best}\t{found.score:.3f}\t{text}")


def load_engine(config: Path, folder: Path | None) -> Engine:
    """The engine over the configured flows. Exits 1 with every problem when they cannot be used."""
    with _told():
        return Engine(load_flows(flows_folder(config, folder)))


def flows_folder(config: Path, folder: Path | None) -> Path:
    """The folder given, else the configured one. Exits 2 when the configuration cannot be used."""
    if folder is not None:
        return folder
    try:
        settings = load_config(config)
    except ContentError as error:
        exits.fail(str(error))
    return settings.resolve(settings.paths.flows)


def show(console: Console, decision: Decision, *, explain: bool) -> None:
    """For a person: the reply, and if wanted why."""
    console.print(decision.reply, markup=False, highlight=False)
    console.print(
        f"[{decision.outcome}] {decision.intent or '–'} {decision.score:.2f} {decision.reason}",
        style="dim",
        markup=False,
        highlight=False,
    )
    if not explain:
        return
    details = dict(decision.explanation)
    table = Table("maksud", "nilai", "kata yang mendukung")
    for candidate in details.pop("candidates"):
        words = ", ".join(f"{word} {part:+.2f}" for word, part in candidate["evidence"].items())
        mark = " (topiknya tidak disebut)" if candidate["topic_missing"] else ""
        table.add_row(candidate["intent"] + mark, f"{candidate['score']:.2f}", escape(words))
    for name, value in details.items():
        if value:
            console.print(f"{name}: {value}", markup=False, highlight=False)
    console.print(table)


def _texts(texts: list[str] | None, stdin: bool) -> Iterable[str]:
    yield from texts or ()
    if stdin:
        for line in sys.stdin.buffer:
            yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    yield str(row["text"]), str(row["intent"])
                except (ValueError, KeyError, TypeError):
                    exits.fail(f'{path}:{number}: not an object with "text" and "intent"', exits.FAILED)
    except (OSError, UnicodeDecodeError) as error:
        exits.fail(f"{path}: {error}")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ContentError as error:
        exits.fail(str(error), exits.FAILED)
