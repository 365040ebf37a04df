"""Attachments from servers and senders that lie."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from nio.crypto.attachments import encrypt_attachment
from pydantic import SecretStr

from bot.event import Media
from bot.matrix import media
from bot.matrix.api import ApiError, HomeserverApi, Unreachable
from bot.matrix.media import MediaGone, MediaTampered, MediaTooLarge

TOKEN = "syt_rahasia"
NOTE = bytes(range(256)) * 700
URL = "mxc://batang.test/AbC_9-x"


class Server:
    """A homeserver's media end that answers as told."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.content = NOTE
        self.refusals: list[tuple[int, dict[str, Any]]] = []
        self.endless = self.silent = False
        self.sent = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.refusals:
            status, body = self.refusals.pop(0)
            return web.json_response(body, status=status)
        response = web.StreamResponse()
        if not self.endless:
            response.content_length = len(self.content)
        await response.prepare(request)
        if self.silent:
            await response.write(self.content[:10])
            await asyncio.Event().wait()
        while self.endless:
            await response.write(b"\0" * 65536)
            self.sent += 65536
        await response.write(self.content)
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", made.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"  # type: ignore[attr-defined]
    yield made
    await runner.cleanup()


@pytest.fixture
async def api(server: Any) -> AsyncIterator[HomeserverApi]:
    async with HomeserverApi(server.url, SecretStr(TOKEN)) as made:
        yield made


def encrypted(server: Server, **changes: Any) -> Media:
    server.content, keys = encrypt_attachment(NOTE)
    return Media(URL, file={**keys, "url": URL, **changes})


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("clear", [True, False])
async def test_a_file_arrives_whole_with_its_digest(
    server: Server, api: HomeserverApi, tmp_path: Path, clear: bool
) -> None:
    item = Media(URL) if clear else encrypted(server)
    digest, size = await media.download(api, item, tmp_path / "note.ogg", max_bytes=len(NOTE))
    assert (digest, size) == (hashlib.sha256(NOTE).hexdigest(), len(NOTE))
    assert (tmp_path / "note.ogg").read_bytes() == NOTE
    assert (tmp_path / "note.ogg").stat().st_mode & 0o777 == 0o600
    assert leftovers(tmp_path) == ["note.ogg"]


async def test_the_token_stands_in_the_header_and_never_in_the_url(
    server: Server, api: HomeserverApi, tmp_path: Path
) -> None:
    server.refusals = [(404, {"errcode": "M_UNRECOGNIZED", "error": "?"})]
    await media.download(api, Media(URL), tmp_path / "a", max_bytes=10**6)
    new, old = server.requests
    assert new.path == "/_matrix/client/v1/media/download/batang.test/AbC_9-x"
    assert old.path == "/_matrix/media/v3/download/batang.test/AbC_9-x"
    for request in server.requests:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(request.url)


async def test_a_size_that_is_claimed_too_large_is_not_even_asked_for(
    server: Server, api: HomeserverApi, tmp_path: Path
) -> None:
    with pytest.raises(MediaTooLarge):
        await media.download(api, Media(URL, size=80_000_000), tmp_path / "a", max_bytes=20_000_000)
    assert server.requests == []


async def test_a_size_that_lies_ends_at_the_cap(server: Server, api: HomeserverApi, tmp_path: Path) -> None:
    with pytest.raises(MediaTooLarge):
        await media.download(api, Media(URL, size=5), tmp_path / "a", max_bytes=len(NOTE) - 1)
    server.endless = True
    with pytest.raises(MediaTooLarge):
        await media.download(api, Media(URL, size=5), tmp_path / "a", max_bytes=10**6)
    assert server.sent < 50 * 10**6
    assert leftovers(tmp_path) == []


async def test_one_changed_byte_leaves_nothing_on_disk(server: Server, api: HomeserverApi, tmp_path: Path) -> None:
    item = encrypted(server)
    server.content = server.content[:-1] + bytes([server.content[-1] ^ 1])
    with pytest.raises(MediaTampered, match="hash"):
        await media.download(api, item, tmp_path / "a", max_bytes=10**6)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"v": "v1"},
        {"iv": "AAAA"},
        {"iv": 7},
        {"hashes": {}},
        {"hashes": {"sha256": "AAAA"}},
        {"key": None},
        {"key": {"alg": "A256CTR", "k": "kurz"}},
        {"key": {"alg": "A128CBC", "k": "A" * 43}},
        {"iv": "A" * 43},
    ],
)
async def test_a_malformed_key_is_tampering(
    server: Server, api: HomeserverApi, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(MediaTampered):
        await media.download(api, encrypted(server, **changes), tmp_path / "a", max_bytes=10**6)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "uri",
    ["", "https://evil.test/x", "mxc://a", "mxc:///x", "mxc://../x", "mxc://a/../../b", "mxc://a/b?c=d", "mxc://a b/c"],
)
async def test_an_address_that_is_none_is_gone_and_asks_nobody(
    server: Server, api: HomeserverApi, tmp_path: Path, uri: str
) -> None:
    with pytest.raises(MediaGone):
        await media.download(api, Media(uri), tmp_path / "a", max_bytes=10**6)
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "errcode", "error"),
    [
        (404, "M_NOT_FOUND", MediaGone),
        (403, "M_FORBIDDEN", MediaGone),
        (502, "M_TOO_LARGE", MediaTooLarge),
        (429, "M_LIMIT_EXCEEDED", ApiError),
        (502, "M_UNKNOWN", ApiError),
        (504, "M_NOT_YET_UPLOADED", ApiError),
    ],
)
async def test_refusals_are_final_or_not(
    server: Server, api: HomeserverApi, tmp_path: Path, status: int, errcode: str, error: type[Exception]
) -> None:
    server.refusals = [(status, {"errcode": errcode, "error": ""})]
    with pytest.raises(error):
        await media.download(api, Media(URL), tmp_path / "a", max_bytes=10**6)


async def test_a_server_that_falls_silent_is_left(
    server: Server, api: HomeserverApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "SILENT_SECONDS", 0.2)
    server.silent = True
    with pytest.raises(Unreachable):
        await media.download(api, Media(URL), tmp_path / "a", max_bytes=10**6)
    assert leftovers(tmp_path) == []
