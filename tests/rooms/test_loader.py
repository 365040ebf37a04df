"""Every mistake in rooms/ is told with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from rooms_world import OFFICERS, ROOMS

from bot.problem import ContentError
from bot.rooms.loader import load_rooms

SHIPPED = Path(__file__).parents[2] / "rooms"


def problems(folder: Path, rooms: str = ROOMS, officers: str = OFFICERS, **options: object) -> list[str]:
    (folder / "rooms.yaml").write_text(rooms)
    (folder / "officers.yaml").write_text(officers)
    with pytest.raises(ContentError) as caught:
        load_rooms(folder, **options)  # type: ignore[arg-type]
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_the_shipped_files_load_and_name_nobody():
    rooms = load_rooms(SHIPPED)
    assert [room.name for room in rooms.channels] == ["ojol", "desa-siaga", "nelayan"]
    assert rooms.operations.name == "ruang-kendali"
    assert rooms.private is not None
    assert rooms.confidential is None, "nobody is named to read there"
    assert rooms.officers == ()
    assert rooms.break_glass == ()
    assert all(room.encryption for room in (rooms.operations, *rooms.channels))


def test_the_shipped_districts_are_in_the_gazetteer():
    import csv

    with (SHIPPED.parent / "places" / "districts.csv").open() as handle:
        districts = {row["name"] for row in csv.DictReader(handle)}
    assert load_rooms(SHIPPED, districts)


def test_defaults_fill_what_a_room_leaves_out(tmp_path):
    (tmp_path / "rooms.yaml").write_text(ROOMS)
    (tmp_path / "officers.yaml").write_text(OFFICERS)
    rooms = load_rooms(tmp_path)
    ojol = rooms.by_name("ojol")
    assert ojol is not None
    assert (ojol.alias, ojol.join, ojol.power.state, ojol.bulletins) == ("ojol", "public", 100, ("pagi",))
    assert rooms.operations.bulletins == ()
    assert rooms.space.bulletins == ()


NOTICE = "{pengendali}, {hari} hari, tulis {hapus}, darurat {darurat}"


@pytest.mark.parametrize("missing", ["{pengendali}", "{hari}", "{hapus}", "{darurat}"])
def test_a_notice_on_personal_data_leaves_out_nothing_that_the_law_asks_for(tmp_path, missing):
    for_all = f'controller: Polres\ndefaults:\n  notices: {{privacy: "{NOTICE.replace(missing, "…")}"}}\n'
    [found] = problems(tmp_path, ROOMS.replace("defaults:\n", for_all))
    assert found.startswith("rooms.yaml:4: the notice on personal data: " + missing)
    ojol = f'title: Ojol, notices: {{privacy: "{NOTICE.replace(missing, "…")}"}},'
    for_one = f"controller: Polres\n{ROOMS}".replace("title: Ojol,", ojol)
    [found] = problems(tmp_path, for_one)
    assert missing in found


def test_a_slip_in_a_placeholder_is_told_and_nobody_reads_it(tmp_path):
    for_all = f'controller: Polres\ndefaults:\n  notices: {{privacy: "{NOTICE} {{pengendalli}}"}}\n'
    [found] = problems(tmp_path, ROOMS.replace("defaults:\n", for_all))
    assert "{pengendalli} is no placeholder" in found


def test_a_notice_needs_somebody_to_name(tmp_path):
    for_all = f'defaults:\n  notices: {{privacy: "{NOTICE}"}}\n'
    [found] = problems(tmp_path, ROOMS.replace("defaults:\n", for_all))
    assert "missing key 'controller'" in found


def test_a_local_name_means_our_server(tmp_path):
    (tmp_path / "rooms.yaml").write_text(ROOMS)
    (tmp_path / "officers.yaml").write_text(OFFICERS)
    rooms = load_rooms(tmp_path)
    assert rooms.officer("@petugas:a.test", "a.test").role == "petugas"
    assert rooms.officer("@petugas:b.test", "a.test") is None
    assert rooms.officer("@petugas2:batang.test", "a.test").power == 50


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("topic: Jalan raya", "topik: Jalan raya", "rooms.yaml:8: unknown key 'channels.ojol.topik'"),
        ("title: Ojol, ", "", "rooms.yaml:8: missing key 'channels.ojol.title'"),
        ("join: space", "join: world", "rooms.yaml:9: channels.nelayan.join"),
        ("history: joined", "history: world_readable", "rooms.yaml:6: operations.ruang-kendali.history"),
        ("title: Nelayan,", "title: Nelayan, alias: ojol,", "'ojol' already has the alias 'ojol'"),
        ("join: invite,", "join: public,", "rooms.yaml:6: the operations room holds personal data: it needs 'join"),
        ("federate: false", "federate: true", "rooms.yaml:6: the operations room holds personal data: it needs 'fed"),
        ("federate: false", "federate: false, encryption: false", "it must be encrypted"),
        ("{speak: 100}", "{speak: 1000}", "rooms.yaml:4: space.power.speak"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, old, new, expected):
    assert any(expected in problem for problem in problems(tmp_path, ROOMS.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"@petugas"', '"petugas"', "officers.yaml:5: roles.petugas.members.0"),
        ("power: 50,", "power: 50, rooms: [ojok],", "officers.yaml:5: no room 'ojok'"),
        ('["@komandan"]', '["@petugas"]', "listed twice"),
        ('["@brankas"]', "[brankas]", "officers.yaml:2: break_glass.0: 'brankas' is no Matrix address"),
        ('"@petugas"', '"@budi:batang.test:x"', 'write "@name", or "@name:server"'),
    ],
)
def test_a_mistake_about_officers_is_told_with_its_line(tmp_path, old, new, expected):
    assert any(expected in problem for problem in problems(tmp_path, officers=OFFICERS.replace(old, new)))


def test_mistakes_in_both_files_are_told_at_once(tmp_path):
    found = problems(tmp_path, ROOMS.replace("topic:", "topik:"), OFFICERS.replace("power: 50", "kuasa: 50"))
    assert {line.split(":")[0] for line in found} == {"rooms.yaml", "officers.yaml"}


def test_an_unknown_district_is_a_mistake(tmp_path):
    assert problems(tmp_path, districts={"Subah"}) == ["rooms.yaml:9: no district 'Batang' in the gazetteer"]


PRIVATE = "private:\n  ruang-ppa: {title: PPA, join: invite, history: joined, federate: false, power: {invite: 100}}\n"


def test_a_private_room_is_closed_to_all_but_those_who_are_named_for_it(tmp_path):
    officers = OFFICERS + '  ppa: {title: PPA, power: 50, rooms: [ruang-ppa], members: ["@ppa"]}\n'
    (tmp_path / "rooms.yaml").write_text(ROOMS + PRIVATE)
    (tmp_path / "officers.yaml").write_text(officers)
    rooms = load_rooms(tmp_path)
    assert rooms.private is not None
    assert rooms.powers_in(rooms.private, "batang.test") == {"@ppa:batang.test": 50}
    assert "@ppa:batang.test" not in rooms.powers_in(rooms.operations, "batang.test")
    assert [room.kind for room in rooms.all][:3] == ["space", "operations", "private"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("join: invite", "join: public", "the room for private matters holds personal data: it needs 'join"),
        ("federate: false", "federate: true", "the room for private matters holds personal data: it needs 'fed"),
        ("title: PPA", "title: PPA", "no role works in 'ruang-ppa'"),
    ],
)
def test_a_private_room_that_is_open_or_that_nobody_reads_is_a_mistake(tmp_path, old, new, expected):
    assert any(expected in problem for problem in problems(tmp_path, ROOMS + PRIVATE.replace(old, new)))
