"""`/healthz` and `/metrics` on a loopback port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot import metrics


@dataclass(frozen=True)
class Health:
    """Live: the process works. Ready: it can do its job."""

    live: bool
    synced: bool
    speech: bool
    """The speech model is loaded."""
    database: bool
    """The database takes writes."""

    @property
    def ready(self) -> bool:
        """Everything the job needs."""
        return self.live and self.synced and self.speech and self.database


class HealthServer:
    """Serves while the bot runs."""

    def __init__(self, host: str, port: int, look: Callable[[], Awaitable[Health]]) -> None:
        self._host, self._port, self._look = host, port, look
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; port 0 means off. Raises OSError when the port is taken."""
        if not self._port:
            return
        application = web.Application()
        application.add_routes([web.get("/healthz", self._healthz), web.get("/metrics", self._metrics)])
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        health = await self._look()
        return web.json_response({"ready": health.ready, **asdict(health)}, status=200 if health.ready else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        await self._look()
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
