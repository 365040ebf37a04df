"""`kentongan bulletin preview|send`: what a slot would say, and an officer's word to say it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot import clock
from bot.bulletins.alerting import load_alerting
from bot.bulletins.announce import Announced, Announcer, copies, facts, notes
from bot.bulletins.compose import Composed, compose
from bot.bulletins.due import Act, Due, Target, after, before
from bot.bulletins.facts import Facts
from bot.bulletins.loader import load_bulletins
from bot.bulletins.model import Bulletins
from bot.bulletins.region import region
from bot.bulletins.spoken import load_spoken
from bot.bulletins.template import TemplateFault
from bot.cli import exits
from bot.cli.account import open_database, told
from bot.cli.bulletin_sources import app as sources
from bot.cli.bulletinlist import list_bulletins
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.stored import look
from bot.config import Config, load_config
from bot.content import INCIDENTS
from bot.feeds.nowcast import Region
from bot.incidents.gazetteer import load_gazetteer
from bot.incidents.loader import load_rules
from bot.logs import configure
from bot.markup import Message, render
from bot.problem import ContentError, Problem
from bot.rooms.loader import load_rooms
from bot.rooms.model import Room
from bot.store import rooms as known_rooms
from bot.store.audit import Auditor
from bot.store.tables import feeds
from bot.version import content_version
from bot.voice.speech import synthesiser

app = typer.Typer(help="Buletin Kamtibmas: lihat dulu, kirim sekarang, atau daftar sehari.", no_args_is_help=True)
app.command("list")(list_bulletins)
app.add_typer(sources, name="sources")

SlotArgument = Annotated[str, typer.Argument(help="pagi, sore, malam, atau slot lain di rooms/bulletins.yaml.")]
DateOption = Annotated[str | None, typer.Option("--date", help="Tanggal setempat, TTTT-BB-HH; bawaannya hari ini.")]
RoomOption = Annotated[
    list[str] | None, typer.Option("--room", help="Hanya kanal ini (namanya di rooms.yaml); boleh berulang.")
]


@app.command()
def preview(
    slot: SlotArgument,
    date: DateOption = None,
    room: RoomOption = None,
    html: Annotated[bool, typer.Option("--html", help="Bentuk HTML, bukan teks biasa.")] = False,
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Bunyi buletin satu slot, tanpa homeserver, basis data, atau jaringan; yang tidak tersedia disebut."""
    with told():
        settings = load_config(config)
        configure(settings.log)
        bulletins, rooms = _content(settings)
        channels = _channels(settings, bulletins, rooms, slot, room)
        day = _date(settings, date)
        now = clock.now()
        shown: list[tuple[Room, Composed, Message]] = []
        title = _title(settings)
        where = _region(settings, bulletins)
        for channel in channels:
            # As it would read at its own time: a preview in the evening must not call the morning late.
            target = Target(channel.name, "", channel.title, channel.bulletins)
            at = dt.datetime.combine(day, bulletins.slot(slot, channel.name).time, settings.zone)
            one = Due(slot, day, target, at, before(bulletins, target, at, settings.zone), Act.SEND)
            known = _facts(settings, bulletins, one, min(at, now), where)
            try:
                composed = compose(
                    bulletins, slot, day, known,
                    room=channel.name, room_title=channel.title, zone=settings.zone, title=title,
                )  # fmt: skip
            except TemplateFault as fault:
                file = settings.resolve(settings.paths.rooms) / "templates" / fault.name
                raise ContentError([Problem(file, fault.line, str(fault))]) from None
            shown.append((channel, composed, render(composed.markdown)))
    _print(slot, day, bulletins, shown, html=html, as_json=as_json)


@app.command()
def send(
    slot: SlotArgument,
    date: DateOption = None,
    room: RoomOption = None,
    config: ConfigOption = Path("config.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Mengirim satu slot sekarang ke kanal yang belum mendapatkannya; diantar bot yang berjalan (atau begitu jalan).

    Juga ke pelanggan, kecuali dengan --room. Yang tercatat dilewati boleh dikirim; yang sudah terkirim tidak dikirim
    lagi. Kode 1 bila tidak ada yang dikirim.
    """
    with told():
        settings = load_config(config)
        configure(settings.log)
        bulletins, rooms = _content(settings)
        channels = _channels(settings, bulletins, rooms, slot, room)
        space = load_rooms(settings.resolve(settings.paths.rooms)).space.title
        day = _date(settings, date)
        auditor = Auditor(settings.audit_key())
        version = content_version(settings)
        title = _title(settings)
        speaks = synthesiser(settings.bulletins, settings.base) is not None
        with open_database(settings) as database, database.engine.begin() as connection:
            known = known_rooms.named(connection)
            missing = [channel.name for channel in channels if channel.name not in known]
            targets = [
                Target(channel.name, known[channel.name].room_id, channel.title, channel.bulletins)
                for channel in channels
                if channel.name in known
            ]
            if not room:
                targets += [one for one in copies(connection, space) if slot in one.slots]
            announcer = Announcer(
                bulletins,
                targets,
                settings.zone,
                dt.timedelta(minutes=settings.bulletins.grace_minutes),
                version,
                title,
                _region(settings, bulletins),
                load_spoken(settings.resolve(settings.paths.rooms)) if speaks else None,
            )
            now = clock.now_ms()
            announced = announcer.send(
                connection, slot, day, now,
                lambda kind, subject, payload: auditor.append(
                    connection, kind, subject, payload | {"by": "cli"}, version=version, now=now
                ),
            )  # fmt: skip
    _tell(slot, day, targets, announced, missing, as_json)
    raise typer.Exit(exits.GOOD if any(one.sent for one in announced) else exits.FAILED)


def _content(settings: Config) -> tuple[Bulletins, list[Room]]:
    folder = settings.resolve(settings.paths.rooms)
    rooms = load_rooms(folder)
    bulletins = load_bulletins(folder, {room.name: room.bulletins for room in rooms.channels})
    alerting = load_alerting(folder, bulletins.templates)
    guarded = alerting.guards(bulletins) if alerting is not None else bulletins
    return guarded, [room for room in rooms.all if room.bulletins]


def _channels(
    settings: Config, bulletins: Bulletins, rooms: list[Room], slot: str, only: list[str] | None
) -> list[Room]:
    if slot not in bulletins.slots:
        raise typer.BadParameter(f"no slot '{slot}'; there are: {', '.join(bulletins.slots)}", param_hint="SLOT")
    names = {room.name for room in rooms}
    for name in only or ():
        if name not in names:
            raise typer.BadParameter(f"no channel '{name}'; there are: {', '.join(sorted(names))}", param_hint="--room")
    chosen = [room for room in rooms if slot in room.bulletins and (not only or room.name in only)]
    if not chosen:
        raise typer.BadParameter(f"no channel hears the slot '{slot}'", param_hint="SLOT")
    return chosen


def _date(settings: Config, text: str | None) -> dt.date:
    if text is None:
        return clock.now().astimezone(settings.zone).date()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no date; write it as 2026-12-31", param_hint="--date") from None


def _title(settings: Config) -> Callable[[str], str]:
    return load_rules(settings.resolve(settings.paths.flows) / INCIDENTS).title


def _region(settings: Config, bulletins: Bulletins) -> Region | None:
    return region(bulletins.sources, load_gazetteer(settings.resolve(settings.paths.places)))


def _facts(settings: Config, bulletins: Bulletins, one: Due, known: dt.datetime, where: Region | None) -> Facts:
    """What the log, the officers and the sources say, as far as there is a database that can be read; nothing is made.

    `known`: up to when things are told, the slot's time or now.
    """
    until = after(bulletins, one.target, one.at, settings.zone)
    with look(settings, feeds) as connection:
        if connection is None:
            return Facts(one.at, since=one.since, until=until, region=where)
        room = known_rooms.named(connection).get(one.target.name)
        found = facts(connection, bulletins, room.room_id if room else "", one.since, known, until, known, where)
        return replace(found, now=one.at, seen=clock.now(), notes=notes(connection, one))


def _print(
    slot: str,
    day: dt.date,
    bulletins: Bulletins,
    shown: list[tuple[Room, Composed, Message]],
    *,
    html: bool,
    as_json: bool,
) -> None:
    if as_json:
        for channel, composed, message in shown:
            line = {
                "slot": slot,
                "date": day.isoformat(),
                "room": channel.name,
                "body": message.body,
                "formatted_body": message.formatted_body,
                **composed.sources(),
            }
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    console = Console(soft_wrap=True)
    for channel, composed, message in shown:
        time = bulletins.slot(slot, channel.name).time
        console.rule(f"{channel.name}: {slot} {day.isoformat()} pukul {time:%H.%M}", style="dim")
        console.print(message.formatted_body if html else message.body, markup=False, highlight=False)
        for source in composed.missing:
            console.print(f"Tanpa: {source}", style="yellow", markup=False, highlight=False)
    quiet = bulletins.quiet_dates.get(day)
    if quiet:
        console.print(f"Tanggal ini tanpa buletin: {quiet}", style="yellow", markup=False)


def _tell(
    slot: str, day: dt.date, targets: list[Target], announced: list[Announced], missing: list[str], as_json: bool
) -> None:
    decided = {one.due.target.room_id: "queued" if one.sent else "broken" for one in announced}
    states = {target.name: decided.get(target.room_id, "already") for target in targets if target.name}
    copied = len([one for one in announced if one.sent and not one.due.target.name])
    states |= dict.fromkeys(missing, "no_room")
    words = {
        "queued": "masuk antrean",
        "already": "sudah pernah dikirim, tidak diulang",
        "broken": "templatnya rusak; lihat `kentongan check`",
        "no_room": "ruangnya belum ada; jalankan `kentongan rooms apply`",
    }
    for name, state in states.items():
        if as_json:
            typer.echo(json.dumps({"slot": slot, "date": day.isoformat(), "room": name, "state": state}))
        else:
            typer.echo(f"{name}: {words[state]}")
    if copied and as_json:
        line = {"slot": slot, "date": day.isoformat(), "room": None, "state": "queued", "copies": copied}
        typer.echo(json.dumps(line))
    elif copied:
        typer.echo(f"pesan pribadi {copied} pelanggan: masuk antrean")
