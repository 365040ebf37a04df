"""Every mistake in schedule, tips and templates is told with its file and line."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from bulletins_world import SHIPPED, SLOTS

from bot.bulletins.loader import load_bulletins
from bot.problem import ContentError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "rooms"))


def problems(folder: Path, **options: object) -> list[str]:
    with pytest.raises(ContentError) as caught:
        load_bulletins(folder, **options)  # type: ignore[arg-type]
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def edit(folder: Path, name: str, old: str, new: str) -> int:
    """Replace once; the line where it stood."""
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_the_shipped_schedule_is_the_one_promised():
    bulletins = load_bulletins(SHIPPED)
    assert {name: slot.time for name, slot in bulletins.slots.items()} == {
        "pagi": dt.time(7, 0),
        "sore": dt.time(15, 30),
        "malam": dt.time(20, 0),
    }


def test_the_shipped_files_agree_with_the_shipped_rooms():
    from bot.rooms.loader import load_rooms

    load_bulletins(SHIPPED, {room.name: room.bulletins for room in load_rooms(SHIPPED).channels})


def test_every_shipped_tip_names_its_source_and_when_it_was_checked():
    tips = load_bulletins(SHIPPED).tips
    assert len(tips) >= 60
    assert len({tip.key for tip in tips}) == len(tips)
    assert all(tip.source and tip.checked for tip in tips)
    for slot in SLOTS:
        for month in range(1, 13):
            assert any(tip.holds(dt.date(2026, month, 1), slot, "nelayan") for tip in tips)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("15:30", dt.time(15, 30)),  # YAML 1.1 reads 930 here
        ('"15.30"', dt.time(15, 30)),
        ("20:00", dt.time(20, 0)),
        ("07:00", dt.time(7, 0)),
        ('"7:05"', dt.time(7, 5)),
    ],
)
def test_a_time_means_what_it_says_with_and_without_quotes(folder, written, meant):
    edit(folder, "bulletins.yaml", '"07:00"', written)
    assert load_bulletins(folder).slots["pagi"].time == meant


@pytest.mark.parametrize("written", ['"25:00"', "15.30", "true", "pagi-pagi", "9999", '"07:60"'])
def test_what_is_no_time_is_told_with_its_line(folder, written):
    line = edit(folder, "bulletins.yaml", '"07:00"', written)
    assert any(problem.startswith(f"bulletins.yaml:{line}: slots.pagi.time: ") for problem in problems(folder))


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("bulletins.yaml", "title: Buletin Pagi", "judul: Buletin Pagi", "unknown key 'slots.pagi.judul'"),
        ("bulletins.yaml", "template: pagi.md.j2", "template: pgi.md.j2", "no file 'pgi.md.j2' in templates/"),
        ("bulletins.yaml", "rooms: {}", "rooms: {ojol: {siang: {time: '12:00'}}}", "no slot 'siang'"),
        ("bulletins.yaml", "rooms: {}", "rooms: {ojek: {pagi: {time: '12:00'}}}", "no channel 'ojek'"),
        ("bulletins.yaml", "notes: []", "notes: [{text: x, since: 2026-02-02, until: 2026-02-01}]", "lies before"),
        ("bulletins.yaml", "notes: []", "notes: [{text: x, since: 2026-02-30}]", "no such date: 2026-02-30"),
        ("tips.yaml", "slots: [pagi, sore]", "slots: [pagi, siang]", "no slot 'siang' in bulletins.yaml"),
        ("tips.yaml", "rooms: [jalan]", "rooms: [ojek]", "no channel 'ojek'"),
        ("tips.yaml", "    source: Layanan Polisi 110\n", "", "missing key 'tips.0.source'"),
    ],
)
def test_a_mistake_is_told_where_it_stands(folder, name, old, new, expected):
    edit(folder, name, old, new)
    found = problems(folder, channels={"ojol": SLOTS, "desa-siaga": SLOTS, "nelayan": SLOTS})
    assert any(problem.startswith(f"{name}:") and expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{{ date }}", "{{ tanggal }}", "pagi.md.j2:1: UndefinedError: 'tanggal' is undefined"),
        ("{% if late %}", "{% if late", "TemplateSyntaxError"),
        ("{{ room }}", "{{ ''.__class__.__mro__ }}", "SecurityError"),
        ('{% include "penutup.md.j2" %}', "Sekian.", "last line must hold the emergency number"),
        ('{% include "tips.md.j2" %}', '{% include "tip.md.j2" %}', "TemplateNotFound: tip.md.j2"),
        ("{{ room }}", "{{ room + 1 }}", "pagi.md.j2:6: TypeError"),
    ],
)
def test_a_broken_template_is_found_while_loading(folder, old, new, expected):
    edit(folder / "templates", "pagi.md.j2", old, new)
    assert any(expected in problem for problem in problems(folder)), problems(folder)


def test_a_name_misspelt_in_an_included_part_names_the_part(folder):
    edit(folder / "templates", "situasi.md.j2", "{{ incidents.since }}", "{{ incidents.sejak }}")
    assert any("has no attribute 'sejak'" in problem for problem in problems(folder))


def test_a_channel_that_wants_an_unknown_slot_is_told(folder):
    assert any("wants the bulletin 'siang'" in problem for problem in problems(folder, channels={"ojol": ("siang",)}))


OTHERS = {"ojol": SLOTS, "desa-siaga": SLOTS, "nelayan": SLOTS}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("rooms: [nelayan]", "rooms: [nelayang]", "no channel 'nelayang'"),
        ("rooms: [nelayan]", "rooms: []", "kinds.laut.rooms"),
        ("  laut:\n", "  ojol:\n", "'ojol' is a channel"),
        ("pagi: {template: laut.md.j2}", "pagi: {template: lut.md.j2}", "no file 'lut.md.j2'"),
        ("pagi: {template: laut.md.j2}", "siang: {template: laut.md.j2}", "no slot 'siang'"),
        ("rooms: [laut]}", "rooms: [danau]}", "no channel 'danau'"),
        ("adm4: 33.25.11.1015", "adm4: 33.25.11", "sources.forecast.places.0.adm4"),
        ("every_minutes: 60", "every_minutes: 900", "is less than 'every_minutes'"),
        ("every_minutes: 60", "every_minutes: 0", "greater than or equal to 1"),
        ("  region: ", "  regions: ", "unknown key 'sources.regions'"),
        ("cap: []", "cap: [{name: bpbd, url: 'http://x', who: BPBD}]", "sources.cap.0.url"),
        ("operations: []", "operations: [{title: x, text: y, source: z}]", "needs 'since' and 'until'"),
        (
            "operations: []",
            "operations: [{title: x, text: y, source: z, since: 2026-01-01, until: 2026-01-02, rooms: [kota]}]",
            "no channel 'kota'",
        ),
    ],
)
def test_a_mistake_in_kinds_sources_and_operations_is_told_where_it_stands(folder, old, new, expected):
    edit(folder, "bulletins.yaml", old, new)
    found = problems(folder, channels=OTHERS)
    assert any(problem.startswith("bulletins.yaml:") and expected in problem for problem in found), found


def test_warnings_without_the_regencys_name_are_refused(folder):
    text = (folder / "bulletins.yaml").read_text()
    start, end = text.index("  region:"), text.index("  forecast:")
    (folder / "bulletins.yaml").write_text(text[:start] + text[end:])
    assert any("need 'region'" in problem for problem in problems(folder))


def test_a_kind_stands_for_its_channels_and_a_channels_own_word_counts_more(folder):
    edit(folder, "bulletins.yaml", "rooms: {}", "rooms: {nelayan: {pagi: {time: '05:00', template: pagi.md.j2}}}")
    bulletins = load_bulletins(folder, channels=OTHERS)
    assert bulletins.slot("pagi", "nelayan").template == "pagi.md.j2"
    assert bulletins.slot("sore", "nelayan").template == "laut.md.j2"
    assert bulletins.slot("sore", "ojol").template == "sore.md.j2"
    assert dt.time(5, 0) in bulletins.times()
    assert {room for tip in bulletins.tips for room in tip.rooms} == set(OTHERS)
