"""`kentongan check`: every mistake in configuration and content as `file:line: message`."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import exits
from bot.cli.options import ConfigOption, JsonOption
from bot.clock import now
from bot.config import Config, load_config
from bot.content import INCIDENTS, Content, load_content
from bot.dialogue.engine import Engine
from bot.dialogue.lint import lint
from bot.incidents.analyser import Analyser
from bot.incidents.lint import lint as lint_rules
from bot.incidents.trial import FOLDER as TESTS
from bot.incidents.trial import failed_tests
from bot.problem import ContentError, Problem, Severity
from bot.voice.speech import missing


def check(
    config: ConfigOption = Path("config.yaml"),
    online: Annotated[bool, typer.Option("--online", help="Tanyai juga homeserver apa yang masih kurang.")] = False,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Nilai tanggal tinjau seolah hari ini tanggal itu.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Memeriksa konfigurasi, alur, ruang, dan tempat. Kode 1: ada kesalahan; 3: homeserver tidak terjangkau."""
    settings, content, problems = examine(config, today.date() if today else None)
    for problem in problems:
        typer.echo(_json(problem) if as_json else _line(problem))
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if errors:
        _sum_up(f"{errors} kesalahan, {len(problems) - errors} peringatan.", as_json)
        raise typer.Exit(exits.FAILED)
    version = f" Versi isi: {content.version}." if content else ""
    _sum_up(f"Isi dan konfigurasi beres, {len(problems)} peringatan.{version}", as_json)
    if online and settings is not None and content is not None:
        _online(settings, content, as_json)


def examine(config: Path, today: date | None = None) -> tuple[Config | None, Content | None, list[Problem]]:
    """Configuration, content and everything to say about them, by file and line."""
    try:
        settings = load_config(config)
    except ContentError as error:
        return None, None, _sorted(error.problems)
    problems: list[Problem] = []
    if (lack := missing(settings.bulletins, settings.base)) is not None:
        problems.append(Problem(settings.file, 0, lack, Severity.WARNING))
    for secret in (settings.password, settings.access_token):
        try:
            secret()
        except ContentError as error:
            problems += error.problems
    content, found = load_content(settings)
    problems += found
    if content is not None:
        problems += content.warnings(today or now().astimezone(settings.zone).date())
        problems += lint(Engine(content.flows), now())
        rules = settings.resolve(settings.paths.flows) / INCIDENTS
        analyser = Analyser(content.gazetteer, content.rules)
        problems += lint_rules(analyser, rules) + failed_tests(analyser, rules / TESTS)
    return settings, content, _sorted(problems)


def _online(settings: Config, content: Content, as_json: bool) -> None:
    # Here and not above: without --online nothing of Matrix is needed, and an editor's save hook wants to be quick.
    from bot.cli.account import told
    from bot.matrix.inspection import inspect

    with told():
        findings = asyncio.run(inspect(settings, content))
    for finding in findings:
        typer.echo(json.dumps(asdict(finding), ensure_ascii=False, default=str) if as_json else str(finding))
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(exits.FAILED)


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (str(problem.file), problem.line, problem.message))


def _line(problem: Problem) -> str:
    mark = "" if problem.severity is Severity.ERROR else "peringatan: "
    return f"{_relative(problem.file)}:{problem.line}: {mark}{problem.message}"


def _json(problem: Problem) -> str:
    return json.dumps(
        {
            "file": _relative(problem.file),
            "line": problem.line,
            "severity": problem.severity,
            "message": problem.message,
        },
        ensure_ascii=False,
    )


def _relative(path: Path) -> str:
    """As one would type it from here: editors and terminals make a link of it."""
    below = os.path.relpath(path)
    return str(path) if below.startswith("..") else below


def _sum_up(text: str, as_json: bool) -> None:
    if not as_json:
        typer.echo(text, err=True)
