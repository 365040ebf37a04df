"""`kentongan incidents show N`: everything that was said of an incident and done with it. Who looked is audited."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from sqlalchemy import Connection

from bot.cli.account import open_database, told
from bot.cli.exits import FAILED, fail
from bot.cli.export import database_file, who
from bot.cli.options import ConfigOption, JsonOption
from bot.clock import now_ms
from bot.config import Config, load_config
from bot.incidents import chronicle
from bot.incidents.chronicle import Act, Chronicle, Told
from bot.incidents.lifecycle import TITLES
from bot.incidents.loader import load_rules
from bot.language.mask import mask
from bot.store import chronicles, incidents, rooms
from bot.store.audit import Auditor
from bot.version import content_version

Words = Callable[[str], str]
"""What is shown of somebody's words."""


def show(
    number: Annotated[int, typer.Argument(metavar="N", help="Nomor kejadian.", min=1)],
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Nomor, pelat, dan isi pribadi apa adanya; dicatat di riwayatnya.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = Path("config.yaml"),
) -> None:
    """Semua laporan dengan setiap versi isinya, alasan tiap kaitan, dan setiap langkah. Dicatat di audit."""
    with told():
        settings = load_config(config)
        rules = load_rules(settings.resolve(settings.paths.flows) / "incidents")
        database_file(settings)
        auditor, version, now = Auditor(settings.audit_key()), content_version(settings), now_ms()
        private = frozenset(row.code for row in rules.categories if row.private)

        def look(connection: Connection) -> Chronicle | None:
            channels = {room.room_id: room.name for room in rooms.named(connection).values()}
            try:
                found = chronicles.read(connection, number, titles=rules.titles, channels=channels, private=private)
            except LookupError:
                return None
            # Before anything is shown: nobody reads what is not noted.
            kind = chronicles.EVIDENCE if evidence else chronicles.READ
            payload = {"incident": number, "who": who(), "by": "command", "found": [number]}
            auditor.append(connection, kind, f"incident:{number}:{now}", payload, version=version, now=now)
            if evidence:
                incidents.note(connection, number, "evidence", actor=who(), now=now)
            return found

        with open_database(settings) as database:
            found = database.run_blocking(look)
    if found is None:
        fail(f"there is no incident {number}", FAILED)
    words: Words = str if evidence else mask
    if found.private and not evidence:
        words = _nothing
    if as_json:
        print(json.dumps(_as_json(found, settings.zone, words), ensure_ascii=False))
    else:
        _print(found, settings, words)


def _nothing(_words: str) -> str:
    return ""


def _print(one: Chronicle, settings: Config, words: Words) -> None:
    console, zone = Console(), settings.zone
    head = f"#{one.id} {one.title} · {TITLES[one.status]} · {one.urgency}"
    if words is not _nothing:
        head += f" · {one.place or 'tempat belum disebut'}"
    console.print(head, style="bold", markup=False, highlight=False, soft_wrap=True)
    if words is _nothing:
        console.print("🔒 Perkara pribadi: isinya hanya dengan --evidence.", markup=False)
    for number, said in enumerate(one.told, 1):
        console.print()
        _print_report(console, number, said, zone, words)
    table = Table("waktu", "siapa", "apa", box=None, pad_edge=False, header_style="dim")
    for act in one.acts:
        what = _act(act, one, words)
        table.add_row(f"{_local(act.at, zone):%d.%m.%Y %H.%M}", escape(chronicle.who(act.actor)), escape(what))
    console.print()
    console.print(table, highlight=False)


def _print_report(console: Console, number: int, said: Told, zone: tzinfo, words: Words) -> None:
    line = f"{number}. {_local(said.sent_at, zone):%d.%m.%Y %H.%M} {chronicle.kind_line(said)}"
    parts = [line, said.channel, chronicle.score_line(said), "" if said.state == "heard" else f"[{said.state}]"]
    console.print(" · ".join(part for part in parts if part), markup=False, highlight=False, soft_wrap=True)
    for label, text in chronicle.version_lines(said.versions):
        shown = words(text) or "–"
        console.print(Padding(f"[dim]{escape(label)}[/dim]\n{escape(shown)}", (0, 0, 0, 3)), highlight=False)


def _as_json(one: Chronicle, zone: tzinfo, words: Words) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "urgency": one.urgency,
        "status": str(one.status),
        "place": "" if words is _nothing else one.place,
        "opened": _local(one.opened_at, zone).isoformat(timespec="seconds"),
        "claimed_by": one.claimed_by,
        "private": one.private,
        "reports": [
            {
                "number": number, "event_id": said.event_id, "kind": said.kind, "role": said.role,
                "sent": _local(said.sent_at, zone).isoformat(timespec="seconds"), "channel": said.channel,
                "state": said.state, "score": said.score, "reasons": dict(said.reasons), "linked_by": said.by,
                "versions": [
                    {
                        "version": version.version, "text": words(version.text), "corrected": words(version.corrected),
                        "author": version.author, "at": _local(version.at, zone).isoformat(timespec="seconds"),
                        "confidence": version.confidence, "flags": list(version.flags), "model": version.model,
                    }
                    for version in said.versions
                ],
            }
            for number, said in enumerate(one.told, 1)
        ],
        "history": [
            {
                "at": _local(act.at, zone).isoformat(timespec="seconds"), "actor": act.actor, "action": act.action,
                "before": act.before, "after": act.after, "reason": words(act.reason or "") or None,
                "words": _act(act, one, words),
            }
            for act in one.acts
        ],
    }  # fmt: skip


def _act(act: Act, one: Chronicle, words: Words) -> str:
    if words is _nothing and act.action not in ("status", "split"):  # officers' notes repeat what was said
        act = Act(act.at, act.actor, act.action, act.before, act.after, None)
    return chronicle.act_line(act, one)


def _local(at: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
