"""A homely BMKG: an HTTP server of our own that answers with the made-up fixtures, or badly, as the test says."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.feeds.fetch import Answer, Fetcher

FIXTURES = Path(__file__).parent / "fixtures"
HOST = "https://www.example.invalid"
"""Under which the made-up list and its alerts stand; the fetcher below finds it on this machine."""


class MadeUpServer:
    """Routes by path; `ways` makes a path behave otherwise."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {
            "/cuaca": (FIXTURES / "made_up_forecast.json").read_bytes(),
            "/gempa/gempadirasakan.json": (FIXTURES / "made_up_felt.json").read_bytes(),
            "/alerts/nowcast/id": (FIXTURES / "made_up_list.xml").read_bytes(),
            "/alerts/nowcast/id/CJG20261201005_alert.xml": (FIXTURES / "made_up_alert.xml").read_bytes(),
        }
        self.ways: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.released = asyncio.Event()
        """Slow answers come when this is set."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._server = TestServer(app)

    async def __aenter__(self) -> MadeUpServer:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.released.set()
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path, way = request.path, self.ways.get(request.path, "")
        self.asked[path] += 1
        if path not in self.answers or way == "gone":
            return web.Response(status=404)
        raw = self.answers[path]
        if way == "500":
            return web.Response(status=500, text="<b>secret words of a broken server</b>")
        if way == "slow":
            await self.released.wait()
        if way == "half":
            response = web.StreamResponse(headers={"Content-Length": str(len(raw))})
            await response.prepare(request)
            await response.write(raw[: len(raw) // 2])
            assert request.transport is not None
            request.transport.close()
            return response
        if way == "changed":
            raw = raw.replace(b"cuaca", b"weather").replace(b"gempa", b"quake").replace(b"rss", b"html")
        if way == "html":
            raw = b"<!doctype html><html><body>Sedang dalam perbaikan</body></html>"
        if way == "huge":
            raw = b" " * 3_000_000
        if way == "empty":
            raw = b""
        etag = f'"{hash(raw)}"'
        if request.headers.get("If-None-Match") == etag:
            self.unchanged[path] += 1
            return web.Response(status=304)
        return web.Response(body=raw, headers={"ETag": etag})


class Local(Fetcher):
    """Finds `HOST` on this machine, and nothing else beside it."""

    def __init__(self, server: MadeUpServer, *, seconds: float = 5) -> None:
        super().__init__(seconds=seconds)
        self._server = server
        self.elsewhere: list[str] = []

    async def get(self, url: str, *, etag: str | None = None, modified: str | None = None) -> Answer:
        if not url.startswith((HOST, self._server.url)):
            self.elsewhere.append(url)
        return await super().get(url.replace(HOST, self._server.url), etag=etag, modified=modified)
