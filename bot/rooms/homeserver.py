"""The little that surveying and applying need of a homeserver; `bot.matrix.api.HomeserverApi` fits."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable
from urllib.parse import quote


class Homeserver(Protocol):
    """One account's calls. Waits for 429s by itself; raises an error that is a `Refusal` when refused."""

    async def request(
        self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None, wait: bool = True
    ) -> dict[str, Any]:
        """JSON in, JSON out; a bare list comes as `{"chunk": list}`."""


@runtime_checkable
class Refusal(Protocol):
    """What a refused call raises."""

    status: int
    """HTTP status."""
    errcode: str
    """M_…"""


def path(*parts: str) -> str:
    """A client-server API path, each part percent-encoded."""
    return "/_matrix/client/v3/" + "/".join(quote(part, safe="") for part in parts)


async def look(api: Homeserver, where: str) -> dict[str, Any] | None:
    """GET, with `None` for what is not there or not shown to us."""
    try:
        return await api.request("GET", where)
    except Exception as error:
        if isinstance(error, Refusal) and error.status in (403, 404):
            return None
        raise
