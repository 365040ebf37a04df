"""When an event was sent, as far as its server's clock can be believed. Pure but for what was learned of each server.

`origin_server_ts` is the claim of the sender's homeserver. Ages are computed from it (whether a report still rings,
whether an answer is late), so a clock that is off, or a lie, must neither make ages negative nor keep an alarm quiet:
in doubt an event counts as sent when it came.
"""

from __future__ import annotations

import structlog

log = structlog.get_logger()

LIVE_MS = 120_000
"""Between two stored syncs at most so long: what comes then was not waiting for us."""
NOTED_MS = 300_000
"""A clock as far behind as this is worth a line in the log."""
MAX_SERVERS = 1000


class Clocks:
    """What is known of other servers' clocks; forgotten with the process, and learned anew from what comes first."""

    def __init__(self, ours: str) -> None:
        """`ours`: the name of our own server, whose clock is the measure."""
        self._ours = ours
        self._behind: dict[str, int] = {}

    def believed(self, server: str, claim: int, *, now: int, born: int, live: bool) -> int:
        """The time that counts, in milliseconds, never after `now`.

        `born`: when the room was made; nothing was said in it before. `live`: the event came as soon as our server had
        it, so that the least delay ever seen of its server is its clock's, and only what goes beyond is true delay
        (a server that was away sends late what was said meanwhile).
        """
        if not born <= claim <= now:
            return now
        if server == self._ours:
            return claim
        if live:
            self._learn(server, now - claim)
        return min(now, claim + self._behind.get(server, 0))

    def _learn(self, server: str, delay: int) -> None:
        known = self._behind.get(server)
        if known is not None and known <= delay:
            return
        if known is None and len(self._behind) >= MAX_SERVERS:
            return
        self._behind[server] = delay
        if delay > NOTED_MS:
            log.warning("clock_behind", server=server, seconds=delay // 1000)
