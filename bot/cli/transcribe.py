"""`kentongan transcribe`: hear audio files with the configured model, on all workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.cli import exits
from bot.cli.options import ConfigOption, JsonOption
from bot.config import Log, Speech, load_config
from bot.logs import configure
from bot.problem import ContentError
from bot.voice import capacity
from bot.voice.errors import MediaError, ModelBroken, ModelMissing, VoiceError
from bot.voice.heard import Heard
from bot.voice.models import find_model
from bot.voice.pool import SpeechPool

DEFAULT_CONFIG = Path("config.yaml")


@dataclass(frozen=True)
class Outcome:
    """One file: heard, or why not."""

    file: Path
    heard: Heard | None
    error: str = ""
    """A short name: empty, unreadable, no_audio, too_large, too_long, not_found; or the name of the error."""
    message: str = ""


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Berkas suara (Ogg, M4A, WAV, MP3 …).")],
    config: ConfigOption = DEFAULT_CONFIG,
    model: Annotated[str | None, typer.Option(help="Nama atau folder model.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Menuliskan isi berkas suara; kode 1 bila ada yang tidak bisa didengar."""
    errors = Console(stderr=True)
    configure(Log(level="error"))  # stdout belongs to the transcripts, each failure is told beside its file
    try:
        speech = _speech(config)
        folder = find_model(model or speech.model)
    except (ContentError, ModelMissing) as error:
        exits.fail(str(error))
    try:
        failed = asyncio.run(_show(files, speech, folder, config, as_json, errors))
    except ModelBroken as error:
        exits.fail(f"The speech model cannot be loaded: {error}")
    if failed:
        raise typer.Exit(exits.FAILED)


def describe(outcome: Outcome, correct: Callable[[str], str] = str) -> dict[str, object]:
    """The contract's JSON object for one file. `correct` puts names of places right; `text` stays as heard."""
    heard = outcome.heard
    if heard is None:
        return {"file": str(outcome.file), "error": outcome.error, "message": outcome.message}
    return {
        "file": str(outcome.file),
        "text": heard.text,
        "corrected": correct(heard.text),
        "duration": heard.duration,
        "segments": [
            {"start": part.start, "end": part.end, "text": part.text, "confidence": part.confidence}
            for part in heard.segments
        ],
        "language": heard.language,
        "no_speech": heard.no_speech,
        "confidence": heard.confidence,
        "flags": list(heard.flags),
        "seconds": heard.seconds,
        "model": heard.model,
    }


def _speech(config: Path) -> Speech:
    """The configuration's speech section; its defaults where nobody has made a configuration."""
    if config == DEFAULT_CONFIG and not config.exists():
        return Speech()
    return load_config(config).speech


def _corrector(config: Path) -> Callable[[str], str]:
    """How names of places are put right; where nobody has any content yet, the text stays as it is."""
    # Here: most of it is loaded while the workers load the model.
    from bot.incidents.analyser import Analyser
    from bot.incidents.gazetteer import load_gazetteer
    from bot.incidents.loader import load_rules

    try:
        settings = load_config(config)
        analyser = Analyser(
            load_gazetteer(settings.resolve(settings.paths.places)),
            load_rules(settings.resolve(settings.paths.flows) / "incidents"),
        )
    except ContentError:
        return str
    return lambda text: analyser.hear(text).corrected


async def _show(files: list[Path], speech: Speech, folder: Path, config: Path, as_json: bool, errors: Console) -> int:
    failed = 0
    workers = min(capacity.workers(speech, folder), len(files))
    pool = SpeechPool(speech, folder, workers=workers)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=errors
    )
    try:
        with bar:
            task = bar.add_task("memuat model", total=len(files))
            names = asyncio.create_task(asyncio.to_thread(_corrector, config))
            await pool.start()
            correct = await names
            bar.update(task, description="mendengarkan")
            async for outcome in _outcomes(pool, files):
                bar.advance(task)
                failed += outcome.heard is None
                _print(outcome, as_json, errors, correct)
    finally:
        await pool.close(0)
    return failed


async def _outcomes(pool: SpeechPool, files: list[Path]) -> AsyncIterator[Outcome]:
    """In the order of the files, though they are heard side by side."""
    tasks = [asyncio.create_task(_outcome(pool, file)) for file in files]
    for task in tasks:
        yield await task


async def _outcome(pool: SpeechPool, file: Path) -> Outcome:
    try:
        return Outcome(file, await pool.transcribe(file))
    except MediaError as error:
        return Outcome(file, None, error.reason.value, error.detail)
    except VoiceError as error:
        return Outcome(file, None, type(error).__name__, str(error))
    except OSError as error:
        return Outcome(file, None, "not_found", error.strerror or str(error))


def _print(outcome: Outcome, as_json: bool, errors: Console, correct: Callable[[str], str]) -> None:
    if as_json:
        typer.echo(json.dumps(describe(outcome, correct), ensure_ascii=False))
    elif outcome.heard is None:
        errors.print(
            f"{outcome.file}: {outcome.error}: {outcome.message}", markup=False, highlight=False, soft_wrap=True
        )
    else:
        heard = outcome.heard
        doubts = f" [{', '.join(heard.flags)}]" if heard.flags else ""
        typer.echo(f"{outcome.file} ({heard.duration:.1f} s, yakin {heard.confidence:.0%}){doubts}")
        typer.echo(f"  {heard.text or '(tidak terdengar ucapan)'}")
        if (corrected := correct(heard.text)) != heard.text:
            typer.echo(f"  maksudnya: {corrected}")
