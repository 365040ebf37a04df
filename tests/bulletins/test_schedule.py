"""The schedule wakes up; it never decides, dies or overlaps."""

from __future__ import annotations

import asyncio
import datetime as dt

from bulletins_world import SHIPPED, ZONE

from bot.bulletins.loader import load_bulletins
from bot.bulletins.model import Override
from bot.bulletins.schedule import Schedule

CONTENT = load_bulletins(SHIPPED)


class Ticks:
    def __init__(self, fail: bool = False) -> None:
        self.count = 0
        self.running = 0
        self.most = 0
        self.fail = fail
        self.changed = asyncio.Condition()

    async def __call__(self) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        async with self.changed:
            self.count += 1
            self.changed.notify_all()
        if self.fail:
            raise RuntimeError("database is locked")

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: self.count >= count)


async def test_it_looks_once_at_start():
    ticks = Ticks()
    schedule = Schedule(CONTENT, ZONE, ticks)
    schedule.start()
    await ticks.reach(1)
    schedule.stop()


async def test_it_goes_on_after_a_tick_that_failed():
    ticks = Ticks(fail=True)
    schedule = Schedule(CONTENT, ZONE, ticks, sweep_seconds=0.01)
    schedule.start()
    await ticks.reach(5)
    schedule.stop()


async def test_ticks_never_overlap():
    ticks = Ticks()
    schedule = Schedule(CONTENT, ZONE, ticks, sweep_seconds=0.001)
    schedule.start()
    await asyncio.gather(*(schedule._run() for _ in range(20)))
    await ticks.reach(30)
    schedule.stop()
    assert ticks.most == 1


async def test_every_slot_time_has_a_job_rooms_own_times_too():
    content = CONTENT.model_copy(update={"rooms": {"nelayan": {"pagi": Override(time="05:00")}}})
    schedule = Schedule(content, ZONE, Ticks())
    schedule.start()
    assert schedule._scheduler is not None
    jobs = {job.id: job.next_run_time for job in schedule._scheduler.get_jobs()}
    schedule.stop()
    assert set(jobs) == {"05:00", "07:00", "15:30", "20:00"}
    assert {moment.utcoffset() for moment in jobs.values()} == {dt.timedelta(hours=7)}
    assert all(moment > dt.datetime.now(ZONE) for moment in jobs.values())
    assert {f"{moment:%H:%M}" for moment in jobs.values()} == set(jobs)


async def test_times_of_new_content_are_followed():
    schedule = Schedule(CONTENT, ZONE, Ticks())
    schedule.start()
    schedule.follow(CONTENT.model_copy(update={"rooms": {"nelayan": {"pagi": Override(time="05:00")}}}))
    assert schedule._scheduler is not None
    assert {job.id for job in schedule._scheduler.get_jobs()} == {"05:00", "07:00", "15:30", "20:00"}
    schedule.follow(CONTENT)
    assert {job.id for job in schedule._scheduler.get_jobs()} == {"07:00", "15:30", "20:00"}
    schedule.stop()


async def test_new_content_is_looked_at_at_once():
    ticks = Ticks()
    schedule = Schedule(CONTENT, ZONE, ticks, sweep_seconds=3600)
    schedule.start()
    await ticks.reach(1)
    schedule.follow(CONTENT)
    await ticks.reach(2)
    schedule.stop()


async def test_a_slot_fires_at_its_time_without_the_sweep(monkeypatch):
    """A cron job one second ahead: APScheduler itself calls, the sweep is an hour away."""
    from apscheduler.triggers.cron import CronTrigger

    soon = dt.datetime.now(ZONE) + dt.timedelta(seconds=2)

    def trigger(**fields: object) -> CronTrigger:
        return CronTrigger(hour=soon.hour, minute=soon.minute, second=soon.second, timezone=ZONE)

    monkeypatch.setattr("bot.bulletins.schedule.CronTrigger", trigger)
    ticks = Ticks()
    schedule = Schedule(CONTENT, ZONE, ticks, sweep_seconds=3600)
    schedule.start()
    await ticks.reach(2)
    schedule.stop()
