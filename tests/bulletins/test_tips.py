"""The library of tips: whose turn it is, what it rests on, and when it fits."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import yaml
from bulletins_world import SHIPPED, SLOTS, at, target

from bot.bulletins.loader import load_bulletins
from bot.bulletins.model import Tip
from bot.bulletins.rotation import next_tip

CONTENT = load_bulletins(SHIPPED)
ROOMS = ("ojol", "desa-siaga", "nelayan", "kanal-lain")
LAW = yaml.safe_load((SHIPPED.parent / "flows/law.yaml").read_text())


def year(room: str, content=CONTENT, start: dt.date = dt.date(2026, 12, 1)):
    """(date, slot, tip told, those that fitted) of a year in a room."""
    told: dict[str, int] = {}
    for number in range(365):
        date = start + dt.timedelta(days=number)
        for order, slot in enumerate(SLOTS):
            tip = next_tip(content, slot, date, room, told)
            assert tip is not None
            yield date, slot, tip, {one.key for one in content.tips if one.holds(date, slot, room)}
            told[tip.key] = number * len(SLOTS) + order


@pytest.mark.parametrize("room", ROOMS)
def test_over_a_year_no_tip_comes_back_in_a_room_before_all_that_fit_were_told(room: str) -> None:
    told: list[str] = []
    for _, _, tip, fitting in year(room):
        assert tip.key in fitting
        if tip.key in told:
            since = set(told[len(told) - told[::-1].index(tip.key) :])
            assert fitting - {tip.key} <= since
        told.append(tip.key)


@pytest.mark.parametrize("room", ROOMS)
def test_over_a_year_every_tip_that_ever_fits_is_told(room: str) -> None:
    days = list(year(room))
    assert set.union(*(fitting for *_, fitting in days)) == {tip.key for _, _, tip, _ in days}


def test_the_order_differs_between_rooms_and_is_the_same_after_a_restart() -> None:
    first = {room: [tip.key for _, _, tip, _ in year(room)][:30] for room in ROOMS}
    again = {room: [tip.key for _, _, tip, _ in year(room, load_bulletins(SHIPPED))][:30] for room in ROOMS}
    assert first == again
    assert len({tuple(keys) for keys in first.values()}) == len(ROOMS)


def test_a_tip_that_is_new_in_the_library_comes_next() -> None:
    told = {tip.key: number for number, tip in enumerate(CONTENT.tips)}
    new = Tip(text="baru", source="sumber", checked=dt.date(2026, 12, 1))
    content = CONTENT.model_copy(update={"tips": (*CONTENT.tips, new)})
    assert next_tip(content, "pagi", dt.date(2026, 12, 1), "ojol", told) == new


def test_without_a_memory_the_date_decides() -> None:
    date = dt.date(2026, 12, 1)
    for day in range(30):
        found = [next_tip(CONTENT, slot, date + dt.timedelta(days=day), "ojol", None) for slot in SLOTS]
        assert found == [next_tip(CONTENT, slot, date + dt.timedelta(days=day), "ojol", None) for slot in SLOTS]
    a_month = {next_tip(CONTENT, "pagi", date + dt.timedelta(days=day), "ojol", None) for day in range(20)}
    assert len(a_month) >= 15


def test_the_database_remembers_what_each_room_was_told(station) -> None:
    station.targets = [target(), target("nelayan")]
    station.tick(at("2026-03-02 06:00"))
    for day in range(2, 12):
        for hour in ("07:00", "15:30", "20:00"):
            station.tick(at(f"2026-03-{day:02} {hour}"))
            station.restart()
    from bot.store.bulletins import told_tips

    with station.engine.begin() as connection:
        for one in station.targets:
            assert len(told_tips(connection, one.room_id)) == 30


def test_a_tip_out_of_season_is_not_told() -> None:
    season = [tip for tip in CONTENT.tips if tip.months == (10, 11, 12, 1, 2, 3, 4)]
    assert season
    for tip in season:
        assert not any(tip.holds(dt.date(2026, 7, 1), slot, room) for slot in SLOTS for room in ROOMS)
        assert any(tip.holds(dt.date(2026, 1, 1), slot, room) for slot in SLOTS for room in ROOMS)


def test_the_library_is_large_dated_and_has_something_for_each_hazard_and_channel() -> None:
    tips = CONTENT.tips
    assert len(tips) >= 60
    assert all(tip.source and tip.checked >= dt.date(2026, 1, 1) for tip in tips)
    words = " ".join(tip.text for tip in tips).casefold()
    hazards = ("rob ", "banjir", "longsor", "alas roban", "pantura", "puting beliung", "gempa")
    assert [hazard for hazard in hazards if hazard not in words] == []
    for room in ("ojol", "desa-siaga", "nelayan"):
        assert sum(room in tip.rooms for tip in tips) >= 5


def test_a_tip_is_short() -> None:
    assert [tip.text for tip in CONTENT.tips if len(tip.text.split()) > 36] == []


CODES = {"KUHP": "kuhp", "UU 22/2009": "lalin", "UU 23/2004": "kdrt", "UU ITE": "ite"}
NOT_LISTED = {"Perpol 5/2021", "UU 27/2022", "UU 23/2006"}
"""Rules on services and data, of which the list of offences knows nothing."""


def offence(tip: Tip) -> tuple[str, str] | None:
    """(code, article) that a tip's source names."""
    found = re.search(r"^(.*?)\s*(?:\(.*\))?\s*Pasal (\d+)", tip.source)
    if found is None or any(name in tip.source for name in NOT_LISTED):
        return None
    return next(code for name, code in CODES.items() if found[1].startswith(name)), found[2]


@pytest.mark.parametrize("tip", [tip for tip in CONTENT.tips if offence(tip)], ids=lambda tip: tip.source)
def test_what_a_tip_says_of_a_penalty_is_what_our_own_list_of_offences_says(tip: Tip) -> None:
    code, article = offence(tip) or ("", "")
    rows = [
        row for row in LAW["offences"] if row.get("code", LAW["new_code"]) == code and str(row["article"]) == article
    ]
    rows = [row for row in rows if row.get("mark", "S") == "S"]
    assert rows, f"flows/law.yaml has no {code} {article} that is certain"
    known = " ".join(str(row["maximum"]) + str(row.get("levels", "")) for row in rows)
    for penalty in re.findall(r"\d+ tahun(?: \d+ bulan)?|\d+ bulan|Rp[\d.]+\d", tip.text):
        assert penalty in known, f"{penalty} is not in {known}"
