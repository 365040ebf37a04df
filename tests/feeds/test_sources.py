"""Sources that are down, slow, half, changed or stale: what was known stays, with its age, and is said to be old.

The server is `made_up_server`: no recordings of real ones could be had.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from made_up_server import HOST, Local, MadeUpServer

from bot import metrics
from bot.bulletins.origins import (
    CapSource,
    ForecastPlace,
    ForecastSource,
    NowcastSource,
    QuakeSource,
    RegionNames,
    Sources,
)
from bot.bulletins.sources import Refresher, wanted
from bot.config import Feeds
from bot.store import feeds
from bot.store.database import Database, connect
from bot.store.feeds import Feed
from bot.store.tables import metadata

MINUTE = 60_000
FORECAST, LIST = "forecast:33.25.11.1015", "nowcast"
ALERT = "nowcast:CJG20261201005"
PATHS = {
    FORECAST: "/cuaca",
    "quakes": "/gempa/gempadirasakan.json",
    LIST: "/alerts/nowcast/id",
    ALERT: "/alerts/nowcast/id/CJG20261201005_alert.xml",
}
SOURCES = Sources(
    region=RegionNames(name="Batang"),
    forecast=ForecastSource(places=(ForecastPlace(adm4="33.25.11.1015", name="Batang"),)),
    quakes=QuakeSource(places=("Batang",)),
    nowcast=NowcastSource(province="Jawa Tengah"),
)


def config(**changes: object) -> Feeds:
    base = {"forecast_url": f"{HOST}/cuaca", "quakes_url": f"{HOST}/gempa", "nowcast_url": f"{HOST}/alerts/nowcast/id"}
    return Feeds(**(base | changes))  # type: ignore[arg-type]


@dataclass
class Desk:
    """A refresher with a clock of ours."""

    server: MadeUpServer
    database: Database
    fetcher: Local
    sources: Sources = SOURCES
    now: int = 1_000_000_000_000
    settings: Feeds = field(default_factory=config)

    def __post_init__(self) -> None:
        self.refresher = self.restarted()

    def restarted(self) -> Refresher:
        self.refresher = Refresher(
            self.database, lambda: self.sources, self.settings, fetcher=self.fetcher, now=lambda: self.now
        )
        return self.refresher

    async def after(self, minutes: float) -> dict[str, Feed]:
        self.now += round(minutes * MINUTE)
        await self.refresher.round()
        return await self.database.run(feeds.known)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    engine = connect(f"sqlite:///{tmp_path / 'kentongan.db'}")
    metadata.create_all(engine)
    database = Database(engine)
    async with MadeUpServer() as server:
        fetcher = Local(server)
        yield Desk(server, database, fetcher)
        await fetcher.close()
    database.close()


async def test_each_source_is_stored_once_it_was_read_with_the_alerts_of_our_province(desk: Desk) -> None:
    known = await desk.after(0)
    assert set(known) == set(PATHS)
    assert all(one.raw == desk.server.answers[PATHS[name]] and one.error is None for name, one in known.items())
    assert all(one.fetched_at == desk.now for one in known.values())


async def test_each_source_is_asked_at_its_own_pace(desk: Desk) -> None:
    await desk.after(0)
    for _ in range(60):
        await desk.after(1)
    asked = {name: desk.server.asked[path] for name, path in PATHS.items()}
    assert 1 <= asked[FORECAST] <= 2
    assert 10 <= asked["quakes"] <= 13
    assert 10 <= asked[LIST] <= 13


async def test_a_restart_asks_nobody_before_their_time(desk: Desk) -> None:
    await desk.after(0)
    for _ in range(20):
        desk.restarted()
        await desk.after(0.1)
    assert set(desk.server.asked.values()) == {1}


async def test_what_has_not_changed_is_not_sent_again_and_counts_as_confirmed(desk: Desk) -> None:
    await desk.after(0)
    known = await desk.after(90)
    assert desk.server.unchanged == {path: 1 for path in PATHS.values()}
    assert all(one.fetched_at == desk.now and one.raw for one in known.values())


BAD = {
    "500": "menjawab 500",
    "gone": "menjawab 404",
    "half": "tidak terhubung",
    "html": "isinya tidak terbaca",
    "changed": "isinya tidak terbaca",
    "empty": "isinya tidak terbaca",
    "huge": "lebih besar dari",
}


@pytest.mark.parametrize("name", [FORECAST, "quakes", LIST])
@pytest.mark.parametrize("way", list(BAD))
async def test_a_bad_answer_leaves_the_last_good_one_with_its_age_and_our_own_words(
    desk: Desk, way: str, name: str
) -> None:
    first = await desk.after(0)
    failures = metrics.feed_failures.labels(name.partition(":")[0])._value.get()
    desk.server.ways[PATHS[name]] = way
    known = await desk.after(90)
    assert (known[name].raw, known[name].fetched_at) == (first[name].raw, first[name].fetched_at)
    error = known[name].error or ""
    assert error.startswith(BAD[way])
    assert "secret" not in error
    assert "perbaikan" not in error
    assert metrics.feed_failures.labels(name.partition(":")[0])._value.get() == failures + 1
    assert metrics.feed_age.labels(name)._value.get() == 90 * 60
    desk.server.ways.clear()
    known = await desk.after(90)
    assert (known[name].error, known[name].fetched_at) == (None, desk.now)


async def test_a_server_that_is_down_is_told_apart_from_one_that_answers_badly(desk: Desk) -> None:
    desk.settings = config(quakes_url="http://127.0.0.1:9/gempa")
    desk.restarted()
    known = await desk.after(0)
    assert (known["quakes"].error or "").startswith("tidak terhubung")
    assert known["quakes"].raw is None
    assert known[FORECAST].error is None


async def test_a_slow_source_keeps_no_other_waiting(desk: Desk) -> None:
    desk.fetcher = Local(desk.server, seconds=60)
    desk.server.ways[PATHS["quakes"]] = "slow"
    round_ = asyncio.create_task(desk.restarted().round())
    while not {FORECAST, LIST, ALERT} <= set(known := await desk.database.run(feeds.known)):
        await asyncio.sleep(0.01)
    assert "quakes" not in known
    desk.server.released.set()
    await round_
    assert (await desk.database.run(feeds.known))["quakes"].raw
    await desk.fetcher.close()


async def test_a_source_that_never_answers_is_given_up_at_its_time_limit(desk: Desk) -> None:
    desk.fetcher = Local(desk.server, seconds=0.2)
    desk.server.ways[PATHS["quakes"]] = "slow"
    desk.restarted()
    assert (await desk.after(0))["quakes"].error == "tidak menjawab dalam 0.2 detik"
    await desk.fetcher.close()


async def test_a_source_that_failed_is_asked_again_sooner_than_its_pace(desk: Desk) -> None:
    desk.server.ways["/cuaca"] = "500"
    await desk.after(0)
    desk.server.ways.clear()
    known = await desk.after(12)
    assert (known[FORECAST].error, known[FORECAST].fetched_at) == (None, desk.now)


# ── alerts of a list ────────────────────────────────────────────────────────────────────────────────────


def listed(*items: tuple[str, str, str]) -> bytes:
    """(title, link, guid) each."""
    inner = "".join(f"<item><title>{t}</title><link>{link}</link><guid>{g}</guid></item>" for t, link, g in items)
    return f'<rss version="2.0"><channel><title>x</title>{inner}</channel></rss>'.encode()


async def test_only_links_on_the_lists_own_host_are_followed_and_only_of_our_province(desk: Desk) -> None:
    desk.server.answers[PATHS[LIST]] = listed(
        ("Hujan di Jawa Tengah", "https://jahat.example/alert.xml", "a"),
        ("Hujan di Jawa Tengah", "https://www.example.invalid.jahat.example/alert.xml", "b"),
        ("Hujan di Jawa Tengah", "https://www.example.invalid@jahat.example/alert.xml", "c"),
        ("Hujan di Jawa Tengah", "https://www.example.invalid:8443/alert.xml", "d"),
        ("Hujan di Jawa Tengah", "file:///etc/passwd", "e"),
        ("Hujan di Aceh", f"{HOST}{PATHS[ALERT]}", "f"),
        ("HUJAN DI JAWA TENGAH", f"{HOST}{PATHS[ALERT]}", "g"),
    )
    known = await desk.after(0)
    assert desk.fetcher.elsewhere == []
    assert [name for name in known if name.startswith("nowcast:")] == ["nowcast:g"]


async def test_an_alert_that_the_list_names_no_longer_is_forgotten(desk: Desk) -> None:
    assert ALERT in await desk.after(0)
    desk.server.answers[PATHS[LIST]] = listed()
    assert ALERT not in await desk.after(6)


async def test_while_the_list_cannot_be_had_its_alerts_stay_and_the_list_grows_old(desk: Desk) -> None:
    first = await desk.after(0)
    desk.server.ways[PATHS[LIST]] = "500"
    known = await desk.after(6)
    assert known[ALERT].raw
    assert known[LIST].fetched_at == first[LIST].fetched_at


async def test_an_alert_that_could_not_be_had_is_asked_for_again_although_the_list_is_unchanged(desk: Desk) -> None:
    desk.server.ways[PATHS[ALERT]] = "500"
    known = await desk.after(0)
    assert (known[ALERT].raw, known[ALERT].error) == (None, "menjawab 500")
    desk.server.ways.clear()
    known = await desk.after(6)
    assert desk.server.unchanged[PATHS[LIST]] == 1
    assert (known[ALERT].error, bool(known[ALERT].raw)) == (None, True)


async def test_names_that_a_publisher_chooses_are_no_longer_than_ours(desk: Desk) -> None:
    desk.server.answers[PATHS[LIST]] = listed(
        *((f"Jawa Tengah {n}", f"{HOST}{PATHS[ALERT]}?{n}", f"{n}/../{'x' * 900}") for n in range(40))
    )
    names = [name for name in await desk.after(0) if name.startswith("nowcast:")]
    assert len(names) == 20
    assert max(map(len, names)) < 60


async def test_an_agency_may_offer_one_alert_or_a_list_of_them(desk: Desk) -> None:
    for path, raw in (("/satu.xml", desk.server.answers[PATHS[ALERT]]), ("/daftar.xml", listed(
        ("Rob", f"{HOST}/satu.xml", "r1"), ("Rob", "https://jahat.example/x.xml", "r2")
    ))):  # fmt: skip
        desk.server.answers[path] = raw
        source = CapSource(name="bpbd", url=f"{HOST}{path}", who="BPBD", ours=True)
        desk.sources = Sources(cap=(source,))
        known = await desk.after(60)
        assert known["cap:bpbd"].raw == raw
    assert set(known) == {"cap:bpbd", "cap:bpbd:r1"}
    assert desk.fetcher.elsewhere == []


# ── what is asked at all ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "quiet",
    [
        lambda desk: setattr(desk, "settings", config(enabled=False)),
        lambda desk: setattr(desk, "sources", Sources()),
    ],
)
async def test_nobody_is_asked_when_it_is_switched_off_or_nothing_is_listed(
    desk: Desk, quiet: Callable[[Desk], None]
) -> None:
    quiet(desk)
    desk.restarted()
    assert await desk.after(0) == {}
    assert not desk.server.asked


async def test_what_is_taken_out_of_the_files_is_forgotten(desk: Desk) -> None:
    await desk.after(0)
    desk.sources = SOURCES.model_copy(update={"quakes": None, "nowcast": None})
    assert set(await desk.after(1)) == {FORECAST}


async def test_another_address_is_another_source(desk: Desk) -> None:
    await desk.after(0)
    desk.settings = config(forecast_url=f"{HOST}/lain")
    desk.restarted()
    known = await desk.after(1)
    assert (known[FORECAST].raw, known[FORECAST].error) == (None, "menjawab 404")


async def test_a_clock_that_is_set_back_stops_no_source(desk: Desk) -> None:
    await desk.after(0)
    known = await desk.after(-60 * 24)
    assert all(one.fetched_at == desk.now for one in known.values())


def test_paces_and_addresses_come_from_the_files() -> None:
    found = {one.name: (one.url, one.seconds) for one in wanted(SOURCES, config())}
    assert found == {
        FORECAST: (f"{HOST}/cuaca?adm4=33.25.11.1015", 3600),
        "quakes": (f"{HOST}/gempa/gempadirasakan.json", 300),
        LIST: (f"{HOST}/alerts/nowcast/id", 300),
    }
