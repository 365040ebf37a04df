"""`kentongan incidents`: try the analysis, search the log, export it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from bot.cli import exits
from bot.cli.dossier import show
from bot.cli.exits import fail
from bot.cli.export import export
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.stored import begin, reading
from bot.clock import now, now_ms
from bot.config import Config, load_config
from bot.handlers.replies import permalink
from bot.incidents.analyser import Analyser
from bot.incidents.analysis import Analysis
from bot.incidents.details import details
from bot.incidents.gazetteer import Gazetteer, load_gazetteer
from bot.incidents.inquiry import read_inquiry
from bot.incidents.loader import load_rules
from bot.incidents.nearnames import NearNames
from bot.incidents.placeline import place_line
from bot.incidents.rules import Rules
from bot.incidents.scoring import labelled, score
from bot.incidents.trial import FOLDER as TESTS
from bot.incidents.trial import run_tests
from bot.language.mask import mask
from bot.problem import ContentError
from bot.store import rooms as known_rooms
from bot.store import search as words
from bot.store.incidents import Incident

app = typer.Typer(help="Laporan kejadian: analisis, pencarian, ekspor.", no_args_is_help=True)
DEFAULT_CONFIG = Path("config.yaml")
app.command("export")(export)
app.command("show")(show)


@app.command()
def analyse(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT…")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Satu pesan per baris.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Pesan ini dianggap apa, dan karena kata yang mana. Nomor pribadi disamarkan lebih dulu."""
    if not texts and not stdin:
        fail("give a TEXT, or --stdin for one message a line")
    settings = _config(config)
    analyser = _analyser(settings)
    for text in _lines(texts, stdin):
        analysis = analyser.analyse(mask(text), when=now())
        if as_json:
            print(json.dumps(analysis.to_json(), ensure_ascii=False))
        else:
            _explain(analysis)


@app.command()
def match(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Berkas YAML berisi pesan berlabel.")],
    show: Annotated[bool, typer.Option("--show", help="Tampilkan yang meleset dari bagian yang disetel.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Seberapa sering analisis sependapat dengan label; bagian yang ditahan hanya dihitung, tidak ditampilkan."""
    analyser = _analyser(_config(config))
    try:
        messages = [message for file in files for message in labelled(file)]
    except ContentError as error:
        fail(str(error), exits.FAILED)
    console = Console()
    for part, result in score(analyser, messages).items():
        counts = {"messages": result.messages, **result.rates(), "lost": len(result.lost)}
        if as_json:
            print(json.dumps({"split": part, **counts}))
            continue
        shares = " · ".join(f"{name} {share:.1%}" for name, share in result.rates().items())
        console.print(
            f"{part:8} {result.messages:4} pesan · {shares} · darurat terlewat {len(result.lost)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        if show and part == "tune":
            for line in result.missed:
                console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


@app.command("test")
def try_rules(as_json: JsonOption = False, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Menjalankan uji di samping aturannya, flows/incidents/tests/. Kode 1 bila ada yang gagal."""
    settings = _config(config)
    folder = settings.resolve(settings.paths.flows) / "incidents" / TESTS
    console = Console()
    try:
        outcomes = list(run_tests(_analyser(settings), folder))
    except ContentError as error:
        fail(str(error), exits.FAILED)
    failed = [outcome for outcome in outcomes if outcome.differences]
    for outcome in outcomes if as_json else failed:
        if as_json:
            row = {"file": str(outcome.file), "line": outcome.line, "name": outcome.name}
            print(json.dumps({**row, "passed": not outcome.differences, "differences": outcome.differences}))
        else:
            place = f"{outcome.file}:{outcome.line}: {outcome.name}"
            for line in (place, *(f"  {one}" for one in outcome.differences)):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not as_json:
        console.print(f"{len(outcomes) - len(failed)} dari {len(outcomes)} uji lulus.", highlight=False)
    if failed:
        raise typer.Exit(exits.FAILED)


@app.command()
def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY")],
    since: Annotated[str | None, typer.Option(help="7d, 24h, 30m, 2w, atau tanggal TTTT-BB-HH.")] = None,
    category: Annotated[str | None, typer.Option(help="Kode kategori.")] = None,
    place: Annotated[str | None, typer.Option(help="Kecamatan atau tempat.")] = None,
    status: Annotated[str | None, typer.Option(help="Misalnya baru, selesai.")] = None,
    room: Annotated[str | None, typer.Option(help="Nama kanal di rooms.yaml.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Paling banyak sekian.")] = 20,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Catatan yang memuat semua kata ini, terbaru dulu; dibaca seperti `!cari` di ruang: banjir subah 7 hari."""
    settings = _config(config)
    rules, names = _rules(settings), NearNames(place.name for place in _gazetteer(settings).places)
    now = now_ms()
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(settings.zone)
    line = " ".join([*query, *_filters(kategori=category, status=status)])
    with reading(settings) as connection:
        channels = {name: name for name in known_rooms.named(connection)}
        inquiry = read_inquiry(line, local, categories=rules.titles, rooms=channels | ({room: room} if room else {}))
        if inquiry.faults:
            fail("\n".join(inquiry.faults))
        inquiry = replace(inquiry, place=place or inquiry.place, room=room or inquiry.room)
        if since is not None:
            start = datetime.fromtimestamp(begin(since, settings, now) / 1000, UTC)
            inquiry = replace(inquiry, since=start, until=None)
        known = known_rooms.by_name(connection, inquiry.room) if inquiry.room else None
        room_id = known.room_id if known else inquiry.room
        found = words.ask(connection, inquiry, names=names, room_id=room_id, limit=limit, now=now)
    private = frozenset(row.code for row in rules.categories if row.private)
    _print_hits(found, settings, private, as_json)


def _print_hits(found: words.Found, settings: Config, private: frozenset[str], as_json: bool) -> None:
    console = Console()
    for word, names in () if as_json else found.read_as.items():
        console.print(f"“{word}” dibaca sebagai {' / '.join(names)}", markup=False, highlight=False)
    for hit in found.hits:
        link = permalink(hit.room_id, hit.event_id, settings.homeserver.server_name) if hit.event_id else ""
        row = _row(hit.incident, settings)
        if hit.incident.analysis.private or hit.incident.category in private:
            row |= {"text": "", "place": "", "codes": [], "highlighted": "", "private": True}
        else:
            text, spans = hit.shown()
            text = text.replace("«", "‹").replace("»", "›")
            row |= {"highlighted": words.mark(text, spans, "«", "»"), "private": False}
        if as_json:
            entry = {**row, "event_id": hit.event_id, "room_id": hit.room_id, "link": link, "read_as": found.read_as}
            print(json.dumps(entry, ensure_ascii=False))
            continue
        parts = [
            f"#{row['id']}", row["time"], row["urgency"], row["title"], row["place"] or "-", f"[{row['status']}]",
        ]  # fmt: skip
        console.print("  ".join(parts), markup=False, highlight=False)
        marked = "🔒 (pribadi)" if row["private"] else escape(row["highlighted"])
        console.print("   " + re.sub(r"«(.*?)»", r"[bold]\1[/bold]", marked), highlight=False)
        console.print(f"   {link}", markup=False, highlight=False, soft_wrap=True)
    if not found.hits and not as_json:
        console.print("Tidak ada yang cocok.", markup=False)


def _filters(**values: str | None) -> list[str]:
    return [f"{name}:{'_'.join(value.split())}" for name, value in values.items() if value]


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
    for line in details(analysis):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    for one in analysis.evidence:
        console.print(f"  {one.rule}: “{one.words}”", markup=False, highlight=False)


def _lines(texts: list[str] | None, stdin: bool) -> Iterator[str]:
    yield from texts or ()
    if stdin:
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        yield from (line.rstrip("\r\n") for line in sys.stdin if line.strip())


def _analyser(settings: Config) -> Analyser:
    return Analyser(_gazetteer(settings), _rules(settings))


def _gazetteer(settings: Config) -> Gazetteer:
    try:
        return load_gazetteer(settings.resolve(settings.paths.places))
    except ContentError as error:
        fail(str(error), exits.FAILED)


def _rules(settings: Config) -> Rules:
    try:
        return load_rules(settings.resolve(settings.paths.flows) / "incidents")
    except ContentError as error:
        fail(str(error), exits.FAILED)


def _config(path: Path) -> Config:
    try:
        return load_config(path)
    except ContentError as error:
        fail(str(error))
