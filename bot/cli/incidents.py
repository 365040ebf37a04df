"""`kentongan incidents`: try the analysis, search the log, export it."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy import Connection, select

from bot.cli import exits
from bot.cli.exits import fail
from bot.cli.stored import begin, reading
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.handlers.replies import permalink
from bot.incidents.analysis import Analyser, Analysis
from bot.incidents.gazetteer import load_gazetteer
from bot.incidents.placeline import place_line
from bot.incidents.rules import load_rules
from bot.language.mask import mask
from bot.problem import ContentError
from bot.store import search as words
from bot.store.incidents import Incident, incident_of
from bot.store.tables import incidents

app = typer.Typer(help="Laporan kejadian: analisis, pencarian, ekspor.", no_args_is_help=True)
ConfigFile = Annotated[Path, typer.Option("--config", help="Configuration file")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
DEFAULT_CONFIG = Path("config.yaml")


class Format(StrEnum):
    """Of an export."""

    CSV = "csv"
    GEOJSON = "geojson"


@app.command()
def analyse(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT…")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="One message a line")] = False,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """What a message would be taken for, and by which words. Personal numbers are hidden first."""
    if not texts and not stdin:
        fail("give a TEXT, or --stdin for one message a line")
    settings = _config(config)
    analyser = _analyser(settings)
    for text in _lines(texts, stdin):
        analysis = analyser.analyse(mask(text))
        if as_json:
            print(json.dumps(analysis.to_json(), ensure_ascii=False))
        else:
            _explain(analysis)


@app.command()
def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY")],
    since: Annotated[str | None, typer.Option(help="7d, 24h, 30m, 2w or a date YYYY-MM-DD")] = None,
    category: Annotated[str | None, typer.Option()] = None,
    place: Annotated[str | None, typer.Option(help="A district or place")] = None,
    status: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: AsJson = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Entries of the log with all these words, newest first."""
    settings = _config(config)
    now = now_ms()
    start = begin(since, settings, now) if since is not None else None
    with reading(settings) as connection:
        hits = words.search(
            connection,
            " ".join(query),
            since=start,
            category=category,
            place=place,
            status=status,
            limit=limit,
            now=now,
        )
    console = Console()
    for hit in hits:
        link = permalink(hit.room_id, hit.event_id, settings.homeserver.server_name) if hit.event_id else ""
        if as_json:
            entry = {**_row(hit.incident, settings), "event_id": hit.event_id, "link": link, **_marked(hit)}
            print(json.dumps(entry, ensure_ascii=False))
        else:
            row = _row(hit.incident, settings)
            parts = [
                f"#{row['id']}",
                row["time"],
                row["urgency"],
                row["title"],
                row["place"] or "-",
                f"[{row['status']}]",
            ]
            head = "  ".join(parts)
            console.print(head, markup=False, highlight=False)
            marked = escape(_marked(hit)["highlighted"])
            console.print("   " + re.sub(r"«(.*?)»", r"[bold]\1[/bold]", marked), highlight=False)
            console.print(f"   {link}", markup=False, highlight=False, soft_wrap=True)
    if not hits and not as_json:
        console.print("Tidak ada yang cocok.", markup=False)


@app.command()
def export(
    form: Annotated[Format, typer.Option("--format", help="csv or geojson")] = Format.CSV,
    since: Annotated[str | None, typer.Option(help="7d, 24h or a date YYYY-MM-DD")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """The log on stdout: one row an incident, without reporters and personal numbers."""
    settings = _config(config)
    start = begin(since, settings, now_ms()) if since is not None else None
    with reading(settings) as connection:
        rows = _all(connection, start)
        if form is Format.CSV:
            _csv(rows, settings)
        else:
            print(json.dumps(_geojson(rows, settings), ensure_ascii=False))


def _row(incident: Incident, settings: Config) -> dict[str, Any]:
    when = datetime.fromtimestamp(incident.opened_at / 1000, UTC).astimezone(settings.zone)
    return {
        "id": incident.id,
        "time": when.strftime("%Y-%m-%d %H:%M"),
        "category": incident.category,
        "title": incident.analysis.title,
        "urgency": incident.urgency,
        "status": str(incident.status),
        "district": incident.district,
        "place": place_line(incident.analysis),
        "codes": [place["code"] for place in incident.places if place["code"] and place["role"] == "scene"],
        "text": mask(incident.text),
    }


def _marked(hit: words.Hit) -> dict[str, str]:
    # The spans are those of the unmasked text, so mark first; a mark inside a number does not shelter it.
    wanted = {token for start, end in hit.spans for token in words.words_of(hit.incident.text[start:end])}
    shown = mask(hit.incident.text).replace("«", "‹").replace("»", "›")
    return {"highlighted": words.mark(shown, words.highlights(shown, wanted), "«", "»")}


def _csv(rows: Iterator[Incident], settings: Config) -> None:
    sys.stdout.write("\ufeff")  # without it spreadsheets take UTF-8 for something else
    columns = ["nomor", "waktu", "kategori", "judul", "urgensi", "status", "kecamatan", "tempat", "kode", "isi"]
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for incident in rows:
        row = _row(incident, settings)
        names = ("id", "time", "category", "title", "urgency", "status", "district", "place", "codes", "text")
        writer.writerow([_cell(row[name]) for name in names])


def _cell(value: Any) -> Any:
    """A spreadsheet runs what begins like a formula; people's words must not."""
    text = " ".join(value) if isinstance(value, list) else "" if value is None else value
    return "'" + text if isinstance(text, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _geojson(rows: Iterator[Incident], settings: Config) -> dict[str, Any]:
    """RFC 7946. A geometry only where a place's coordinates are known; none is invented."""
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": incident.id, "geometry": None, "properties": _row(incident, settings)}
            for incident in rows
        ],
    }


def _all(connection: Connection, since: int | None) -> Iterator[Incident]:
    statement = select(incidents).order_by(incidents.c.id)
    if since is not None:
        statement = statement.where(incidents.c.opened_at >= since)
    for row in connection.execute(statement.execution_options(yield_per=1000)):
        yield incident_of(row)


def _explain(analysis: Analysis) -> None:
    console = Console()
    console.print(f"{analysis.text}", style="bold", markup=False, highlight=False)
    report = "laporan" if analysis.report else "bukan laporan"
    console.print(
        f"  {analysis.title} ({analysis.category}) · {analysis.urgency} · {report} · "
        f"Kec. {analysis.district or 'belum pasti'}",
        markup=False,
        highlight=False,
    )
    for place in analysis.places:
        console.print(
            f"  tempat   {place.heard} → {place.name} ({place.kind}, {place.district or '-'}, {place.role})",
            markup=False,
            highlight=False,
        )
    for one in analysis.evidence:
        console.print(f"  {one.rule}: “{one.words}”", markup=False, highlight=False)


def _lines(texts: list[str] | None, stdin: bool) -> Iterator[str]:
    yield from texts or ()
    if stdin:
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        yield from (line.rstrip("\r\n") for line in sys.stdin if line.strip())


def _analyser(settings: Config) -> Analyser:
    try:
        return Analyser(
            load_gazetteer(settings.resolve(settings.paths.places)),
            load_rules(settings.resolve(settings.paths.flows) / "incidents"),
        )
    except ContentError as error:
        fail(str(error), exits.FAILED)


def _config(path: Path) -> Config:
    try:
        return load_config(path)
    except ContentError as error:
        fail(str(error))
