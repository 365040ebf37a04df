"""The demo's small district: a folder with its own homeserver, accounts, configuration and rooms."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bot.config import Config
from bot.demo.homeserver import EmbeddedHomeserver, free_port
from bot.rooms.loader import load_rooms

BOT = "kentongan"
ROLES = ("warga", "pengemudi", "petugas", "petugas2")
OFFICERS = ("petugas", "petugas2")
OPERATIONS, PRIVATE = "ruang-kendali", "ruang-ppa"
PORT = 8008
"""Synapse's usual port, so that the printed address looks familiar; another when it is taken."""


@dataclass(frozen=True)
class Account:
    """Somebody in the scene."""

    role: str
    user_id: str
    password: str


class World:
    """Everything under one folder; made afresh, so that each demo starts from nothing."""

    def __init__(self, folder: Path, source: Config, homeserver: EmbeddedHomeserver | None = None) -> None:
        """`source` is the checkout's configuration: its flows and places are used, its rooms are copied."""
        self.folder = folder
        self.homeserver = homeserver or EmbeddedHomeserver(folder / "synapse", prefer=PORT)
        self.accounts: list[Account] = []
        self.bot_id = self.homeserver.user_id(BOT)
        self.config_path = folder / "config.yaml"
        self.health_port = free_port()
        self.zone = source.zone
        self._source = source

    def clear(self) -> None:
        """Remove what an earlier demo left."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)

    def register(self) -> None:
        """Accounts for the bot and the people; the bot's message rate limit is lifted as in production."""
        admin = self.homeserver.register("operator", secrets.token_urlsafe(18), admin=True)
        password = secrets.token_urlsafe(18)
        self.homeserver.register(BOT, password)
        self.homeserver.lift_rate_limit(self.bot_id, admin["access_token"])
        _write_secret(self.folder / "bot.password", password)
        for role in ROLES:
            password = secrets.token_urlsafe(9)
            registered = self.homeserver.register(role, password)
            self.accounts.append(Account(role, registered["user_id"], password))

    def write_configuration(self, **overrides: dict[str, Any]) -> None:
        """config.yaml and rooms/ of the demo; `overrides` replaces keys of a section."""
        sections: dict[str, dict[str, Any]] = {
            "homeserver": {
                "url": self.homeserver.url,
                "user_id": self.bot_id,
                "password_file": str(self.folder / "bot.password"),
            },
            "paths": {
                "data": "data",
                "flows": str(self._source.resolve(self._source.paths.flows)),
                "rooms": "rooms",
                "places": str(self._source.resolve(self._source.paths.places)),
            },
            "secrets": {"pickle_key_file": "secrets/pickle.key", "audit_key_file": "secrets/audit.key"},
            "feeds": {"enabled": False},  # a demo asks nobody outside
            "server": {"port": self.health_port},
            "log": {"format": "json"},
        }
        for name, values in overrides.items():
            sections.setdefault(name, {}).update(values)
        self.config_path.write_text(yaml.safe_dump(sections, sort_keys=False))
        rooms = self.folder / "rooms"
        shutil.copytree(self._source.resolve(self._source.paths.rooms), rooms)
        officers = yaml.safe_load((rooms / "officers.yaml").read_text())
        duty, confidant = OFFICERS  # one works in the operations room, the other in the one for private matters, too
        officers["roles"]["petugas"]["members"] = [f"@{duty}"]
        officers["roles"]["ppa"]["members"] = [f"@{confidant}"]
        (rooms / "officers.yaml").write_text(yaml.safe_dump(officers, allow_unicode=True, sort_keys=False))

    def schedule_bulletin(self, now: datetime) -> tuple[str, datetime]:
        """Move the slot of this time of day to the next whole minute; returns its name and time."""
        at = next_whole_minute(now.astimezone(self.zone))
        slot = "pagi" if at.hour < 11 else "sore" if at.hour < 17 else "malam"
        path = self.folder / "rooms" / "bulletins.yaml"
        schedule = yaml.safe_load(path.read_text())
        schedule["slots"][slot]["time"] = f"{at:%H:%M}"
        path.write_text(yaml.safe_dump(schedule, allow_unicode=True, sort_keys=False))
        return slot, at

    def write_access(self, rooms: dict[str, str]) -> Path:
        """access.json (mode 0600): how to get in. `rooms`: full alias → room id."""
        path = self.folder / "access.json"
        content = {
            "homeserver": self.homeserver.url,
            "bot": self.bot_id,
            "accounts": [vars(account) for account in self.accounts],
            "rooms": rooms,
            "config": str(self.config_path.resolve()),
        }
        _write_secret(path, json.dumps(content, indent=2) + "\n")
        return path

    def aliases(self) -> dict[str, str]:
        """Room name → full alias, of every room that rooms/ describes."""
        rooms = load_rooms(self.folder / "rooms")
        return {room.name: room.full_alias(self.homeserver.server_name) for room in rooms.all}

    def account(self, role: str) -> Account:
        """The account of a role."""
        return next(account for account in self.accounts if account.role == role)


def next_whole_minute(now: datetime, *, at_least: timedelta = timedelta(seconds=60)) -> datetime:
    """The first whole minute that lies at least so far ahead."""
    ahead = now + at_least
    return (
        ahead
        if not (ahead.second or ahead.microsecond)
        else ahead.replace(second=0, microsecond=0) + timedelta(minutes=1)
    )


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
