"""A small HTTP proxy between a client and Synapse that injects faults: error statuses, lost answers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

_HOP = {"content-length", "transfer-encoding", "connection", "content-encoding", "host"}


@dataclass
class Fault:
    """What happens to requests whose path contains `part`, `times` times (-1: always)."""

    part: str
    status: int = 500
    body: dict[str, Any] = field(default_factory=lambda: {"errcode": "M_UNKNOWN", "error": "injected"})
    headers: dict[str, str] = field(default_factory=dict)
    times: int = -1
    after: bool = False
    """Synapse gets the request, but its answer is lost on the way back."""


class FaultyProxy:
    """Use as an async context manager; point the client at `url`."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self.faults: list[Fault] = []
        self.requests: Counter[str] = Counter()
        """Requests by path."""
        self.injected = 0

    def fail(self, part: str, **options: Any) -> Fault:
        """Add a fault; set its `times` to 0 to end it."""
        fault = Fault(part, **options)
        self.faults.append(fault)
        return fault

    async def __aenter__(self) -> FaultyProxy:
        self._client = aiohttp.ClientSession(auto_decompress=True)
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._client.close()

    def count(self, part: str) -> int:
        """Requests whose path contained `part`."""
        return sum(number for path, number in self.requests.items() if part in path)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests[request.path] += 1
        fault = next((fault for fault in self.faults if fault.part in request.path and fault.times != 0), None)
        if fault is not None:
            fault.times -= 1
            self.injected += 1
            if fault.after:
                await self._forward(request)
            return web.Response(
                status=fault.status,
                body=json.dumps(fault.body).encode(),
                headers={"Content-Type": "application/json", **fault.headers},
            )
        return await self._forward(request)

    async def _forward(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with self._client.request(
            request.method, self._upstream + request.raw_path, data=await request.read(), headers=headers
        ) as answer:
            back = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=back)
