"""A proxy before the homeserver that answers wrongly on request, and remembers what was asked of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import aiohttp
from aiohttp import web

MAX_BYTES = 200 * 1024 * 1024
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
SHUTDOWN_SECONDS = 0.1


@dataclass(frozen=True)
class Asked:
    """A request that came by."""

    method: str
    path: str
    """Decoded, without the query."""
    query: str
    headers: dict[str, str]
    body: bytes
    at: float = 0.0
    """time.monotonic() when it came."""

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Fault:
    """What to do instead of passing a request on."""

    matches: Callable[[Asked], bool]
    times: float
    status: int = 0
    """0: the connection is closed."""
    body: dict[str, Any] | bytes | Callable[[Asked], dict[str, Any]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    forwarded: bool = False
    """The homeserver does what is asked; only its answer is not what comes back."""
    met: int = 0

    def answer(self, asked: Asked) -> web.Response | None:
        """What comes back; `None` when the connection is closed."""
        if not self.status:
            return None
        said = self.body(asked) if callable(self.body) else self.body
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        kind = "text/html" if isinstance(said, bytes) else "application/json"
        return web.Response(status=self.status, body=content, headers={"Content-Type": kind, **self.headers})


class Proxy:
    """`async with Proxy(homeserver.url) as proxy:` and point a client to `proxy.url`."""

    def __init__(self, target: str) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self._target = target
        self._faults: list[Fault] = []
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Proxy:
        self._client = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=MAX_BYTES)
        app.router.add_route("*", "/{anything:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_SECONDS, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._client.close()

    def answer(
        self,
        what: str | Callable[[Asked], bool],
        status: int,
        body: dict[str, Any] | bytes | Callable[[Asked], dict[str, Any]] | None = None,
        *,
        times: float = 1,
        headers: dict[str, str] | None = None,
        forwarded: bool = False,
    ) -> Fault:
        """Answer the next `times` requests whose path contains `what` with this; `forwarded`: after the homeserver
        has done what they ask."""
        return self._add(Fault(_matcher(what), times, status, {} if body is None else body, headers or {}, forwarded))

    def drop(self, what: str | Callable[[Asked], bool], *, times: float = 1) -> Fault:
        """Close the connection; the homeserver never hears of it."""
        return self._add(Fault(_matcher(what), times))

    def swallow(self, what: str | Callable[[Asked], bool], *, times: float = 1) -> Fault:
        """The homeserver does what is asked, its answer gets lost."""
        return self._add(Fault(_matcher(what), times, forwarded=True))

    def heal(self) -> None:
        """No more faults."""
        self._faults.clear()

    def requests(self, what: str | Callable[[Asked], bool]) -> list[Asked]:
        """The requests seen so far whose path contains `what`."""
        matches = _matcher(what)
        return [asked for asked in self.asked if matches(asked)]

    async def seen(self, what: str | Callable[[Asked], bool], count: int = 1, seconds: float = 30) -> list[Asked]:
        """Wait until `count` such requests came by."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: len(self.requests(what)) >= count), seconds)
        return self.requests(what)

    async def met(self, fault: Fault, count: int = 1, seconds: float = 30) -> None:
        """Wait until the fault was met `count` times."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: fault.met >= count), seconds)

    def _add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        where = unquote(request.rel_url.raw_path)
        asked = Asked(request.method, where, request.query_string, dict(request.headers), body, time.monotonic())
        self.asked.append(asked)
        fault = next((fault for fault in self._faults if fault.met < fault.times and fault.matches(asked)), None)
        if fault is not None:
            fault.met += 1
        async with self._news:
            self._news.notify_all()
        answer = await self._forward(request, body) if fault is None or fault.forwarded else None
        if fault is not None:
            answer = fault.answer(asked)
        return self._cut(request) if answer is None else answer

    async def _forward(self, request: web.Request, body: bytes) -> web.Response | None:
        """The homeserver's answer; `None` when it gives none."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            async with self._client.request(
                request.method, self._target + request.raw_path, data=body, headers=headers, allow_redirects=False
            ) as response:
                content = await response.read()
                kept = {name: value for name, value in response.headers.items() if name.lower() not in HOP_BY_HOP}
                return web.Response(status=response.status, body=content, headers=kept)
        except aiohttp.ClientError:
            return None

    @staticmethod
    def _cut(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


def _matcher(what: str | Callable[[Asked], bool]) -> Callable[[Asked], bool]:
    return what if callable(what) else lambda asked: what in asked.path
