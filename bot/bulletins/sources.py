"""Asking the sources of bulletins, each at its own pace. The only place of bulletins that reaches the network.

An answer is stored only after it was read: what is no forecast, list or alert never takes the place of one that was.
A failure is stored in our own words beside the last good answer. Content may change meanwhile: what to ask is looked up
each time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import structlog

from bot import metrics
from bot.bulletins import asked, words
from bot.bulletins.origins import Sources
from bot.clock import now_ms
from bot.config import Feeds
from bot.feeds.cap import parse_alert
from bot.feeds.fault import FeedFault
from bot.feeds.fetch import Fetcher
from bot.feeds.forecast import parse_forecast
from bot.feeds.nowcast import Item, parse_list
from bot.feeds.quakes import parse_quakes
from bot.store import feeds
from bot.store.database import Database
from bot.store.feeds import Feed

log = structlog.get_logger()

LOOK_SECONDS = 15
RETRY_SECONDS = 10 * 60
"""A source that failed is asked again after this, or sooner if that is its pace."""
JITTER = 0.1
"""Of a pace, to both sides: sources should not be asked all at once, nor by all districts at the same second."""
MOST_FOLLOWED = 20
"""Alerts of one list."""

_jitter = random.SystemRandom()


@dataclass(frozen=True)
class Wanted:
    """One thing that is asked."""

    name: str
    url: str
    seconds: float
    """Its pace."""
    read: Callable[[bytes], object]
    """Raises FeedFault for what it is not."""
    follow: Callable[[Item], bool] | None = None
    """Of a list: whose alerts are asked for as well."""


def wanted(sources: Sources, config: Feeds) -> list[Wanted]:
    """Everything that the content names; nothing when asking is switched off."""
    return list(_wanted(sources, config)) if config.enabled else []


def _wanted(sources: Sources, config: Feeds) -> Iterator[Wanted]:
    if sources.forecast:
        for place in sources.forecast.places:
            url = f"{config.forecast_url}?adm4={place.adm4}"
            yield Wanted(asked.forecast(place.adm4), url, sources.forecast.every_minutes * 60, parse_forecast)
    if sources.quakes:
        url = f"{config.quakes_url.rstrip('/')}/gempadirasakan.json"
        yield Wanted(asked.QUAKES, url, sources.quakes.every_minutes * 60, parse_quakes)
    if sources.nowcast:
        province = sources.nowcast.province.casefold()
        yield Wanted(
            asked.NOWCAST,
            config.nowcast_url,
            sources.nowcast.every_minutes * 60,
            parse_list,
            follow=lambda item: province in item.title.casefold(),
        )
    for source in sources.cap:
        yield Wanted(asked.cap(source.name), source.url, source.every_minutes * 60, read_cap, follow=lambda _: True)


def read_cap(raw: bytes) -> object:
    """One alert, or a list of them. Raises FeedFault for what is neither."""
    try:
        return parse_alert(raw)
    except FeedFault:
        return parse_list(raw)


def followed(one: Wanted, raw: bytes) -> list[tuple[str, str]]:
    """(name, address) of the alerts that a list points to: on the list's own host, and by the same protocol."""
    if one.follow is None:
        return []
    try:
        items = parse_list(raw)
    except FeedFault:  # a single alert
        return []
    own = urlsplit(one.url)
    found: dict[str, str] = {}
    for item in items:
        link = urlsplit(urljoin(one.url, item.link))
        if one.follow(item) and (link.scheme, link.netloc) == (own.scheme, own.netloc):
            found.setdefault(asked.entry(one.name, item.guid), link.geturl())
    return list(found.items())[:MOST_FOLLOWED]


class Refresher:
    """Keeps what sources say up to date in the database."""

    def __init__(
        self,
        database: Database,
        sources: Callable[[], Sources],
        config: Feeds,
        *,
        fetcher: Fetcher | None = None,
        now: Callable[[], int] = now_ms,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._database = database
        self._sources = sources
        self._config = config
        self._fetcher = fetcher or Fetcher(seconds=config.timeout_seconds, proxy=config.proxy)
        self._now = now
        self._look_seconds = look_seconds
        self._pace: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self.round()
                except Exception:  # what could not be stored now is asked again next time
                    log.exception("feeds.round_failed")
                await asyncio.sleep(self._look_seconds)
        finally:
            await self._fetcher.close()

    async def round(self, *, everything: bool = False) -> None:
        """Ask what is due, all at the same time: a slow source keeps no other waiting."""
        all_ = wanted(self._sources(), self._config)
        if not all_:
            return
        known = await self._database.run(feeds.known)
        due = [one for one in all_ if everything or self._due(one, known.get(one.name))]
        for end in await asyncio.gather(*(self._refresh(one, known) for one in due), return_exceptions=True):
            if isinstance(end, Exception):  # of one source: the others have had their turn
                log.error("feeds.refresh_failed", error=type(end).__name__)
        names = {one.name for one in all_}
        lists = [asked.entries_of(one.name) for one in all_ if one.follow]
        if any(name not in names and not name.startswith(tuple(lists)) for name in known):
            await self._database.run(lambda connection: feeds.keep(connection, names, lists))
        self._measure(names, await self._database.run(feeds.known) if due else known)

    def _due(self, one: Wanted, feed: Feed | None) -> bool:
        if feed is None or feed.url != one.url or feed.tried_at > self._now():  # or a clock that ran ahead
            return True
        pace = min(one.seconds, RETRY_SECONDS) if feed.error else one.seconds
        spread = self._pace.setdefault(one.name, _jitter.uniform(1 - JITTER, 1 + JITTER))
        return self._now() - feed.tried_at >= pace * spread * 1000

    async def _refresh(self, one: Wanted, known: dict[str, Feed]) -> None:
        self._pace.pop(one.name, None)
        raw = await self._ask(one, known.get(one.name))
        if raw is None or one.follow is None:
            return
        entries = followed(one, raw)
        await asyncio.gather(
            *(self._ask(Wanted(name, url, one.seconds, parse_alert), known.get(name)) for name, url in entries)
        )
        beginning, names = asked.entries_of(one.name), [name for name, _ in entries]
        if any(name.startswith(beginning) and name not in names for name in known):
            await self._database.run(lambda connection: feeds.keep_entries(connection, beginning, names))

    async def _ask(self, one: Wanted, feed: Feed | None) -> bytes | None:
        """What the source says, new or unchanged; `None` when that is not known now."""
        marks = feed if feed is not None and feed.url == one.url and feed.raw is not None else None
        try:
            etag, modified, last = (marks.etag, marks.modified, marks.raw) if marks else (None, None, None)
            answer = await self._fetcher.get(one.url, etag=etag, modified=modified)
            raw = answer.raw if answer.raw is not None else last
            if raw is None:
                raise FeedFault(words.EMPTY)
            try:
                one.read(raw)
            except FeedFault as fault:
                raise FeedFault(words.faulty(str(fault))) from None
        except FeedFault as fault:
            kind = one.name.partition(":")[0]
            metrics.feed_failures.labels(kind).inc()
            log.warning("feeds.failed", source=one.name, why=str(fault))
            why = str(fault)
            await self._database.run(lambda connection: feeds.fail(connection, one.name, one.url, why, self._now()))
            return None
        await self._database.run(
            lambda connection: feeds.confirm(
                connection, one.name, one.url, answer.raw, self._now(), etag=answer.etag, modified=answer.modified
            )
        )
        return raw

    def _measure(self, names: Iterable[str], known: dict[str, Feed]) -> None:
        for name in names:
            feed = known.get(name)
            if feed is not None and feed.fetched_at is not None:
                metrics.feed_age.labels(name).set(max(self._now() - feed.fetched_at, 0) / 1000)
