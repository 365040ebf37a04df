"""`kentongan rooms poster|page|token`: what is written where, and what is refused with which code."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner, Result

from bot.cli import app, leaflets

ROOT = Path(__file__).parents[2]
BOT, ADMIN = "@kentongan:batang.test", "@admin:batang.test"
SECRET = "syt_admin_secret"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KENTONGAN_ADMIN_TOKEN", raising=False)
    shutil.copytree(ROOT / "rooms", tmp_path / "rooms")
    return write(tmp_path, "http://127.0.0.1:9")


def write(folder: Path, url: str) -> Path:
    file = folder / "config.yaml"
    paths = f"{{data: data, flows: {ROOT}/flows, rooms: rooms, places: {ROOT}/places}}"
    file.write_text(f'homeserver: {{url: {url}, user_id: "{BOT}"}}\npaths: {paths}\n')
    return file


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["rooms", *arguments, "--config", str(config)])


def test_posters_of_all_channels_or_of_those_named(config: Path, tmp_path: Path) -> None:
    result = run(config, "poster", "ojol", "nelayan", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    names = ["poster-nelayan.pdf", "poster-nelayan.png", "poster-ojol.pdf", "poster-ojol.png"]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == names


@pytest.mark.parametrize(("name", "why"), [("ruang-kendali", "poster"), ("pasar", "rooms.yaml")])
def test_a_room_without_a_door_gets_no_poster(config: Path, name: str, why: str) -> None:
    result = run(config, "poster", name)
    assert result.exit_code == 2
    assert why in result.stderr
    assert "ojol" in result.stderr


def test_the_page_is_one_file_with_the_notice_filled_in(config: Path, tmp_path: Path) -> None:
    result = run(config, "page", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    html = (tmp_path / "out" / leaflets.PAGE).read_text()
    assert "Polres Batang" in html
    assert "30 hari" in html
    assert "{pengendali}" not in html


def test_codes_need_an_administrators_token_of_their_own(config: Path) -> None:
    result = run(config, "token", "list")
    assert result.exit_code == 2
    assert "admin_token_file" in result.stderr


class Synapse:
    """What the commands ask of a homeserver; each answer can be replaced."""

    def __init__(self) -> None:
        self.user = ADMIN
        self.flows: list[list[str]] = [["m.login.registration_token", "m.login.dummy"]]
        self.refusal: tuple[int, dict[str, Any]] | None = None
        self.codes: dict[str, dict[str, Any]] = {}

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/_matrix/client/v3/account/whoami", self._whoami)
        application.router.add_post("/_matrix/client/v3/register", self._register)
        application.router.add_route("*", "/_synapse/admin/v1/registration_tokens{rest:.*}", self._tokens)
        return application

    async def _whoami(self, _: web.Request) -> web.Response:
        return web.json_response({"user_id": self.user})

    async def _register(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers
        flows = [{"stages": stages} for stages in self.flows]
        return web.json_response({"flows": flows, "session": "x"}, status=401) if flows else _forbidden()

    async def _tokens(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {SECRET}"
        if self.refusal is not None:
            return web.json_response(self.refusal[1], status=self.refusal[0])
        if request.method == "POST":
            asked = await request.json()
            made = {"token": asked["token"], "uses_allowed": asked["uses_allowed"], "pending": 0, "completed": 0,
                    "expiry_time": asked["expiry_time"]}  # fmt: skip
            self.codes[asked["token"]] = made
            return web.json_response(made)
        if request.method == "DELETE":
            self.codes.pop(request.path.rsplit("/", 1)[1])
            return web.json_response({})
        return web.json_response({"registration_tokens": list(self.codes.values())})


def _forbidden() -> web.Response:
    return web.json_response({"errcode": "M_FORBIDDEN", "error": "Registration has been disabled"}, status=403)


@pytest.fixture
def synapse() -> Synapse:
    return Synapse()


@pytest.fixture
async def command(config: Path, synapse: Synapse, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command against the homeserver, in a thread: it has a loop of its own."""
    import asyncio

    monkeypatch.setenv("KENTONGAN_ADMIN_TOKEN", SECRET)
    async with TestServer(synapse.application()) as server:
        write(config.parent, str(server.make_url("")).rstrip("/"))
        yield lambda *arguments: asyncio.to_thread(run, config, "token", *arguments)


Command = Callable[..., Any]


async def test_a_code_is_shown_once_and_the_list_shows_its_beginning(command: Command, synapse: Synapse) -> None:
    made = await command("new", "--uses", "3", "--days", "2", "--count", "2")
    assert made.exit_code == 0, made.output
    codes = made.stdout.split()
    assert sorted(codes) == sorted(synapse.codes)
    assert {code["uses_allowed"] for code in synapse.codes.values()} == {3}
    listed = await command("list", "--json")
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [row["valid"] for row in rows] == [True, True]
    assert not any(code in listed.output for code in codes)
    assert {row["code"] for row in rows} == {f"{code[:4]}…" for code in codes}


async def test_a_code_is_revoked_by_its_beginning_only_when_one_is_meant(command: Command, synapse: Synapse) -> None:
    for code in ("abcd-1", "abcd-2", "efgh-1"):
        synapse.codes[code] = {"token": code}
    assert (await command("revoke", "abcd")).exit_code == 1
    assert (await command("revoke", "abc")).exit_code == 1
    assert (await command("revoke", "efgh…")).exit_code == 0
    assert (await command("revoke", "abcd-2")).exit_code == 0
    assert list(synapse.codes) == ["abcd-1"]


async def test_cards_are_for_their_owner_alone(command: Command, tmp_path: Path) -> None:
    cards = tmp_path / "cards.pdf"
    result = await command("new", "--cards", str(cards))
    assert result.exit_code == 0, result.output
    assert cards.read_bytes().startswith(b"%PDF-")
    assert stat.S_IMODE(cards.stat().st_mode) == 0o600


@pytest.mark.parametrize("flows", [[], [["m.login.dummy"]]])
async def test_a_homeserver_that_asks_for_no_code_is_told_which_keys_it_lacks(
    command: Command, synapse: Synapse, flows: list[list[str]]
) -> None:
    synapse.flows = flows
    result = await command("new")
    assert result.exit_code == 1
    assert "registration_requires_token" in result.stderr
    assert "enable_registration" in result.stderr
    assert synapse.codes == {}


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((404, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}), "Authentication Service"),
        ((404, {}), "another one"),
        ((403, {"errcode": "M_FORBIDDEN", "error": "You are not a server admin"}), "no server administrator"),
        ((401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token"}), "does not know the token"),
    ],
)
async def test_another_homeserver_or_another_account_is_told_apart(
    command: Command, synapse: Synapse, refusal: tuple[int, dict[str, Any]], words: str
) -> None:
    synapse.refusal = refusal
    for arguments in (("new",), ("list",), ("revoke", "abcd")):
        result = await command(*arguments)
        assert result.exit_code == 1, result.output
        assert words in result.stderr
        assert SECRET not in result.output


async def test_the_bots_own_token_is_refused(command: Command, synapse: Synapse) -> None:
    synapse.user = BOT
    result = await command("new")
    assert result.exit_code == 1
    assert "bot's own token" in result.stderr
    assert synapse.codes == {}
