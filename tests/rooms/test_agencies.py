"""To whom reports may be passed on; every mistake in instansi.yaml is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from rooms_world import OFFICERS, ROOMS

from bot.problem import ContentError
from bot.rooms.agencies import Agencies, load_agencies
from bot.rooms.loader import load_rooms

SHIPPED = Path(__file__).parents[2] / "rooms"
CODES = ("banjir", "kebakaran", "kdrt")


def load(folder: Path, text: str, rooms: str = ROOMS) -> Agencies:
    (folder / "instansi.yaml").write_text(text)
    (folder / "rooms.yaml").write_text(rooms)
    (folder / "officers.yaml").write_text(OFFICERS)
    return load_agencies(folder, load_rooms(folder), CODES, ("kdrt",))


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ContentError) as caught:
        load(folder, text)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_an_agency_is_found_by_any_of_its_names_and_by_nothing_like_them(tmp_path: Path) -> None:
    agencies = load(tmp_path, 'agencies:\n  bpbd: {title: BPBD Batang, names: [posko  Bencana], room: "!a:b"}\n')
    for words in ("bpbd", "BPBD", "bpbd batang", "Posko bencana"):
        assert agencies.find(words) is agencies.all[0]
    for words in ("bpb", "bpbd dan damkar", "", "posko"):
        assert agencies.find(words) is None


def test_who_is_asked_for_a_category(tmp_path: Path) -> None:
    agencies = load(tmp_path, "agencies:\n  a: {title: AA, categories: [banjir]}\n  b: {title: BB}\n")
    assert [one.key for one in agencies.for_category("banjir")] == ["a"]
    assert agencies.for_category("kebakaran") == ()


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert load_agencies(tmp_path) == Agencies(written=False)


def test_the_shipped_file_loads_and_is_connected_to_no_room() -> None:
    agencies = load_agencies(SHIPPED, load_rooms(SHIPPED))
    assert {"bpbd", "damkar"} <= {one.key for one in agencies.all}
    assert not any(one.room for one in agencies.all)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("room: nirwana", "no channel 'nirwana'"),
        ("room: ojol", "is open to everybody"),
        ("categories: [angin_ribut]", "no category 'angin_ribut'"),
        ("categories: [kdrt]", "is private"),
        ("names: [damkar]", "'damkar' already means 'damkar'"),
        ("alias: x", "unknown key"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, entry: str, what: str) -> None:
    text = f"agencies:\n  damkar: {{title: Damkar}}\n  bpbd:\n    title: BPBD\n    {entry}\n"
    [problem] = problems(tmp_path, text)
    assert problem.startswith("instansi.yaml:5: ")
    assert what in problem


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ("join: space", "is open to everybody"),
        ("join: public", "is open to everybody"),
        ("join: knock, servers: any", "lets in every server"),
        ("join: invite, servers: any", "lets in every server"),
        ("join: knock", ""),
        ("join: invite", ""),
    ],
)
def test_reports_go_to_a_room_that_nobody_enters_unasked(tmp_path: Path, settings: str, what: str) -> None:
    rooms = f"{ROOMS}  posko: {{title: Posko, {settings}}}\n"
    text = "agencies:\n  bpbd:\n    title: BPBD\n    room: posko\n"
    if what:
        with pytest.raises(ContentError, match=what):
            load(tmp_path, text, rooms)
    else:
        assert load(tmp_path, text, rooms).all[0].room == "posko"
