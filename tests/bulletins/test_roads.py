"""What stands in the way: confirmed, not over, by road and district, and nothing of words or persons."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bulletins_world import at, ms
from outside_world import CONTENT, MORNING, bulletin, good
from sqlalchemy import insert

from bot.bulletins.announce import obstacles
from bot.bulletins.facts import Obstacle
from bot.bulletins.roads import MOST, roads
from bot.markup import render
from bot.store.tables import incidents


def place(name: str, kind: str = "road", district: str | None = "Subah", role: str = "scene") -> dict[str, Any]:
    return {"name": name, "kind": kind, "code": None, "district": district, "span": [0, 4], "score": 1.0, "role": role,
            "heard": "depan rumah Pak Budi"}  # fmt: skip


def text(*found: Obstacle, **options: Any) -> str:
    return render(bulletin(good(), obstacles=found, **options).markdown).body


def obstacle(category="pohon_tumbang", district="Gringsing", names=("Plelen",), hours=1.0) -> Obstacle:
    return Obstacle(category, district, names, MORNING - dt.timedelta(hours=hours))


def test_an_obstacle_is_told_by_its_kind_road_district_and_time() -> None:
    said = text(obstacle(), title={"pohon_tumbang": "Pohon tumbang"}.get)
    assert "- Pohon tumbang di Plelen, Kec. Gringsing, sejak 06.00" in said


@pytest.mark.parametrize(
    ("names", "district", "said"),
    [
        (("Plelen",), None, "- banjir di Plelen, sejak"),
        ((), "Subah", "- banjir di Kec. Subah, sejak"),
        ((), None, "- banjir: 1"),
    ],
)
def test_what_is_not_known_is_not_guessed(names, district, said: str) -> None:
    assert said in text(obstacle("banjir", district, names))


def test_the_same_at_the_same_place_is_counted_once_and_more_than_fits_is_a_number() -> None:
    assert "- banjir (2) di Plelen" in text(obstacle("banjir"), obstacle("banjir", hours=2))
    many = [obstacle("banjir", names=(f"Jalan {number}",), hours=number) for number in range(1, MOST + 4)]
    said = text(*many)
    assert "- 3 kejadian lain" in said
    assert said.index("Jalan 1,") < said.index("Jalan 2,")  # the newest first


def test_without_obstacles_there_is_no_such_part() -> None:
    assert "Di jalan" not in text()


def test_withheld_categories_are_not_told_here_either() -> None:
    assert CONTENT.withheld
    assert "Di jalan" not in text(*(obstacle(category) for category in CONTENT.withheld))


def test_only_names_of_roads_at_the_scene_are_taken_never_what_was_said() -> None:
    found = roads(
        [
            place("Alas Roban"),
            place("Sukorejo", kind="village"),
            place("Masjid Agung", kind="landmark"),
            place("Tol Kahyangan", role="direction"),
            place("Jalan Poncowati", district="Gringsing"),
            place("Alas Roban"),
            place("Jalur Pantura", district=None),
        ],
        "Subah",
    )
    assert found == ("Alas Roban", "Jalur Pantura")


def test_only_what_officers_confirmed_and_nobody_closed_stands_in_the_way(station) -> None:
    rows = [
        ("pohon_tumbang", "terverifikasi", "06:00", {}),
        ("laka_lantas", "ditangani", "06:10", {"private": False}),
        ("banjir", "baru", "06:20", {}),
        ("banjir", "selesai", "06:20", {}),
        ("banjir", "palsu", "06:20", {}),
        ("laka_lantas", "terverifikasi", "06:30", {"private": True}),
        ("curat", "terverifikasi", "06:30", {}),
        ("kemacetan", "terverifikasi", "08:00", {}),
    ]
    with station.engine.begin() as connection:
        for number, (category, status, time, analysis) in enumerate(rows, 1):
            connection.execute(
                insert(incidents).values(
                    id=number, opened_at=ms(at(f"2026-12-01 {time}")), updated_at=0, room_id="!ojol", category=category,
                    urgency="segera", district="Subah", places=[place("Alas Roban")], status=status,
                    text="Pak Budi jatuh", analysis=analysis, content_version="v1",
                )
            )  # fmt: skip
        found = obstacles(connection, CONTENT, MORNING)
        later = obstacles(connection, CONTENT, MORNING + dt.timedelta(hours=CONTENT.traffic.max_hours))
    assert [(one.category, one.roads) for one in found] == [
        ("laka_lantas", ("Alas Roban",)),
        ("pohon_tumbang", ("Alas Roban",)),
    ]
    assert [one.category for one in later] == ["kemacetan"]  # the others were forgotten rather than in the way
    assert "Budi" not in repr(found)
