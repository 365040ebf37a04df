"""What the homeserver still needs before the bot works well: `kentongan check --online`.

Changes nothing there, and runs beside the bot. Only when nothing but a password is configured it signs in as a
device of its own, without keys, and removes it again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp

from bot.config import Config
from bot.matrix import crosssigning, login
from bot.matrix.api import ApiError, HomeserverApi, Unreachable, path
from bot.matrix.events import table, text
from bot.matrix.login import SignedOut, signed_out
from bot.matrix.signatures import USAGES
from bot.problem import Severity
from bot.rooms.found import FoundRoom
from bot.rooms.model import Room, Rooms
from bot.rooms.survey import survey

WELL_KNOWN_SECONDS = 10
WELL_KNOWN_BYTES = 65_536


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    severity: Severity
    what: str
    remedy: str

    def __str__(self) -> str:
        mark = "" if self.severity is Severity.ERROR else "peringatan: "
        return f"{mark}{self.what}\n    → {self.remedy}"


def _error(what: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, what, remedy)


def _warning(what: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, what, remedy)


class HasRooms(Protocol):
    """The part of `bot.content.Content` that counts here."""

    @property
    def rooms(self) -> Rooms: ...


async def inspect(config: Config, content: HasRooms) -> list[Finding]:
    """Everything found, worst first. Raises Unreachable, SignedOut, ApiError and ContentError."""
    home = config.homeserver
    async with HomeserverApi(home.url, proxy=home.proxy) as anonymous:
        versions = await anonymous.request("GET", "/_matrix/client/versions")
    findings = _versions(home.url, versions)
    async with _signed_in(config) as (api, device_id):
        try:
            for part in (
                _well_known(config),
                _rate_limit(config, api),
                _rooms(config, content, api),
                _cross_signing(config, api, device_id),
                _devices(config, api, device_id),
            ):
                findings += await part
        except ApiError as error:
            raise signed_out(error) or error from None
    return sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)


def _versions(url: str, answer: dict[str, Any]) -> list[Finding]:
    known = answer.get("versions")
    if not isinstance(known, list):
        raise Unreachable(f"{url} does not answer as a Matrix homeserver")
    # Authenticated media came with Matrix 1.11; before, whoever knows an attachment's address can fetch it.
    if any(_at_least(version, (1, 11)) for version in known):
        return []
    return [_warning(f"{url} speaks no Matrix version from 1.11 on", "Update the homeserver.")]


def _at_least(version: object, wanted: tuple[int, int]) -> bool:
    try:
        major, minor = str(version).removeprefix("v").split(".")[:2]
        return (int(major), int(minor)) >= wanted
    except ValueError:
        return False


@asynccontextmanager
async def _signed_in(config: Config) -> AsyncIterator[tuple[HomeserverApi, str | None]]:
    """Calls as the bot, and the bot's own device; `None` before its first start."""
    home = config.homeserver
    saved = login.read(config.crypto_dir)
    refusal: SignedOut | None = None
    for token in (saved.access_token if saved else None, config.access_token()):
        if token is None:
            continue
        async with HomeserverApi(home.url, token, proxy=home.proxy) as api:
            try:
                who = await api.request("GET", path("account", "whoami"))
            except ApiError as error:
                refusal = signed_out(error)
                if refusal is None:
                    raise
                continue
            if who.get("user_id") != home.user_id:
                raise login.SessionError(f"the access token belongs to {who.get('user_id')}, not to {home.user_id}")
            yield api, text(who.get("device_id")) or None
            return
    if refusal is not None and config.password() is None:
        raise refusal
    session = await login.sign_in(config, None)
    async with HomeserverApi(home.url, session.access_token, proxy=home.proxy) as api:
        try:
            yield api, saved.device_id if saved else None
        finally:
            with suppress(ApiError, Unreachable):
                await api.request("POST", path("logout"), {})  # the device made for this look, never the bot's


async def _well_known(config: Config) -> list[Finding]:
    """Clients find the homeserver by it (client-server API, "Server discovery")."""
    server, url = config.homeserver.server_name, config.homeserver.url.rstrip("/")
    where = f"https://{server}/.well-known/matrix/client"
    remedy = f'Serve {{"m.homeserver": {{"base_url": "{url}"}}}} there, or people must type the address by hand.'
    timeout = aiohttp.ClientTimeout(total=WELL_KNOWN_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(where) as response:
            if response.status != 200:
                return [_warning(f"{where} answers {response.status}", remedy)]
            if (response.content_length or 0) > WELL_KNOWN_BYTES:
                return [_warning(f"{where} is no small JSON file", remedy)]
            base = table(table(await response.json(content_type=None)).get("m.homeserver")).get("base_url")
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        return [_warning(f"{where} cannot be read ({type(error).__name__})", remedy)]
    if not isinstance(base, str) or not base:
        return [_warning(f"{where} names no homeserver", remedy)]
    if base.rstrip("/") != url:
        # Both may be right: the bot may stand beside the homeserver and reach it directly.
        return [_warning(f"{where} names {base}, the bot uses {url}", "Make sure that both are the same homeserver.")]
    return []


async def _rate_limit(config: Config, api: HomeserverApi) -> list[Finding]:
    """Synapse lets a user send ten messages and then one in five seconds, make ten rooms and then about one a minute,
    and limits invites; a bot needs that lifted. Only an override of 0 lifts all of it, any other one messages alone.
    """
    me = config.homeserver.user_id
    where = f"/_synapse/admin/v1/users/{quote(me, safe='')}/override_ratelimit"
    command = f"""as an administrator: POST {where} {{"messages_per_second": 0, "burst_count": 0}}"""
    try:
        answer = await api.request("GET", where)
    except ApiError as error:
        if error.status == 403:
            return [
                _warning(
                    "whether the bot's rate limit is lifted can only be seen by the homeserver's administrator; while "
                    "it is not, `rooms apply` makes ten rooms and then about one a minute, and invites wait as well",
                    f"Look with GET {where}; if it is empty, {command}.",
                )
            ]
        if error.status in (404, 405):
            return [
                _warning(
                    "the homeserver has no Synapse admin API here: it hides it, or is another server",
                    f"See that {me} may send several messages a second, make rooms and invite; on Synapse, {command}.",
                )
            ]
        raise
    findings = [
        _warning(f"{me} is a server administrator", "The bot needs no such power: take it away (admin: false).")
    ]
    rate = answer.get("messages_per_second")
    if rate is None or (rate != 0 and rate < 5):
        what = "the homeserver limits how fast the bot may send, make rooms (ten, then about one a minute) and invite"
        findings.append(_warning(what, f"Lift it, {command}."))
    elif rate != 0:
        what = f"the bot may send {rate} messages a second, but making rooms and inviting are limited as for everybody"
        findings.append(_warning(what, f"Only 0 lifts these, {command}."))
    return findings


async def _rooms(config: Config, content: HasRooms, api: HomeserverApi) -> list[Finding]:
    found = await survey(api, content.rooms, me=config.homeserver.user_id, recorded={})
    findings = []
    for room in content.rooms.all:
        findings += _room(config, room, found.rooms.get(room.name))
    operations = found.rooms.get(content.rooms.operations.name)
    return [*findings, *_empty(config, content.rooms, operations), *await _unknown_officers(config, content.rooms, api)]


def _empty(config: Config, rooms: Rooms, there: FoundRoom | None) -> list[Finding]:
    """Whoever joins later does not see the cards from before where the history is shown from joining on."""
    officers = rooms.powers_in(rooms.operations, config.homeserver.server_name)
    if there is None or not there.readable or any(there.membership(user) == "join" for user in officers):
        return []
    name = rooms.operations.full_alias(config.homeserver.server_name)
    return [_warning(f"{name}: no officer is in it", "Have them accept their invitations before `kentongan run`.")]


async def _unknown_officers(config: Config, rooms: Rooms, api: HomeserverApi) -> list[Finding]:
    """A slip in officers.yaml invites nobody, or somebody else later."""
    server = config.homeserver.server_name
    people = {*(one.user_id(server) for one in rooms.officers), *rooms.creators(server)}
    findings = []
    for user in sorted(one for one in people if one.endswith(f":{server}")):
        try:
            await api.request("GET", path("profile", user))
        except ApiError as error:
            if error.status != 404:
                continue  # a homeserver may keep its profiles to itself
            findings.append(_warning(f"{server} knows no {user}", "Correct officers.yaml, or make the account."))
    return findings


def _room(config: Config, room: Room, there: FoundRoom | None) -> list[Finding]:
    me, name = config.homeserver.user_id, room.full_alias(config.homeserver.server_name)
    apply = "Run `kentongan rooms plan`, then `kentongan rooms apply`."
    if there is None:
        return [_warning(f"{name} does not exist yet", apply)]
    if not there.readable:
        return [_error(f"{name} is there, but the bot is not in it", f"Invite {me}, and accept with `rooms apply`.")]
    findings = []
    power = there.power(me)
    levels = there.content("m.room.power_levels") or {}
    speak = table(levels.get("events")).get("m.room.message", levels.get("events_default", 0))
    if room.kind != "space" and isinstance(speak, int) and power < speak:
        findings.append(_error(f"{name}: the bot has power {power} and may not speak ({speak})", f"Give {me} power."))
    needed = there.needed("m.room.power_levels")
    if power < needed:
        findings.append(
            _warning(
                f"{name}: the bot has power {power}; changing the room takes {needed}",
                f"Have somebody with more power give {me} 100, or keep this room by hand.",
            )
        )
    if room.encryption and there.content("m.room.encryption") is None:
        findings.append(_warning(f"{name} is not encrypted, though the files say so", apply))
    return findings


async def _cross_signing(config: Config, api: HomeserverApi, device_id: str | None) -> list[Finding]:
    me, file = config.homeserver.user_id, config.crypto_dir / crosssigning.FILE
    shown = await crosssigning.published(api, me, device_id or "")
    if not file.exists():
        if shown.keys:
            what = f"{me} has cross-signing keys, and their seeds are not in {config.crypto_dir}"
            return [_error(what, "Restore the backup; `kentongan run` says what else can be done.")]
        return [_warning("the bot is not cross-signed yet", "It does that itself at its first `kentongan run`.")]
    try:
        seeds = crosssigning.read_seeds(file, me, config.pickle_key())
    except crosssigning.CrossSigningError as error:
        return [_error("the cross-signing seeds do not open", str(error))]
    if seeds is None or not (missing := crosssigning.shortcomings(shown, seeds, me)):
        return []
    foreign = any(shown.public(usage) not in (None, seeds.key(usage).public) for usage in USAGES)
    if foreign:
        return [_error(f"{me} has other cross-signing keys than the bot's", "`kentongan run` says what can be done.")]
    return [_error(f"cross-signing lacks: {', '.join(missing)}", "Start `kentongan run`: it mends that itself.")]


async def _devices(config: Config, api: HomeserverApi, device_id: str | None) -> list[Finding]:
    """Whoever else is signed in as the bot can speak in its name."""
    if device_id is None:
        return []
    devices = (await api.request("GET", path("devices"))).get("devices")
    ids = [text(table(device).get("device_id")) for device in devices] if isinstance(devices, list) else []
    mine = text((await api.request("GET", path("account", "whoami"))).get("device_id"))
    others = [one for one in ids if one not in (device_id, mine)]
    if not others:
        return []
    return [
        _warning(
            f"{len(others)} more devices are signed in as {config.homeserver.user_id}: {', '.join(sorted(others))}",
            "register_new_matrix_user leaves one. Sign out what nobody needs; if nobody knows it, change the password.",
        )
    ]
