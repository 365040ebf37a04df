"""instansi.yaml is changed as a careful person would: what nobody asked to change stays to the letter."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
import yaml

from bot.rooms.editing import with_agency, without_agency

SHIPPED = (Path(__file__).parents[2] / "rooms" / "instansi.yaml").read_text()
TALKATIVE = """# atas
agencies:
  # pertama
  a:
    title: "A"        # pendek
    # di dalam
    names: [x]

  # kedua
  b: {title: B}
# bawah
"""
CONNECTED = {"servers": ["bpbd.test", "localhost:8202"], "liaisons": ["@a:bpbd.test"], "channels": ["siaga"]}


def changes(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_connecting_an_agency_adds_its_lines_alone():
    after = with_agency(SHIPPED, "bpbd", CONNECTED)
    lines = changes(SHIPPED, after)
    assert len(lines) == 3
    assert all(line.startswith("+    ") for line in lines)
    entry = yaml.safe_load(after)["agencies"]["bpbd"]
    assert entry == {**yaml.safe_load(SHIPPED)["agencies"]["bpbd"], **CONNECTED}


def test_a_list_grows_and_holds_nothing_twice():
    after = with_agency(with_agency(SHIPPED, "bpbd", CONNECTED), "bpbd", {"servers": ["bpbd.test", "b2.test"]})
    assert yaml.safe_load(after)["agencies"]["bpbd"]["servers"] == ["bpbd.test", "localhost:8202", "b2.test"]


def test_a_new_agency_stands_at_the_end():
    after = with_agency(TALKATIVE, "c", {"title": "C", "power": 50})
    assert [line.strip("+ ") for line in changes(TALKATIVE, after)] == ["c:", "title: C", "power: 50"]
    assert list(yaml.safe_load(after)["agencies"]) == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "agencies: {}\n", "# kosong\n"])
def test_the_first_agency_finds_an_empty_file(text):
    assert yaml.safe_load(with_agency(text, "c", {"title": "C"})) == {"agencies": {"c": {"title": "C"}}}


def test_taking_one_out_leaves_what_is_said_of_the_others():
    lines = changes(TALKATIVE, without_agency(TALKATIVE, "a"))
    assert [line.strip() for line in lines] == [
        "-  a:",
        '-    title: "A"        # pendek',
        "-    # di dalam",
        "-    names: [x]",
    ]
    assert changes(TALKATIVE, without_agency(TALKATIVE, "b")) == ["-  b: {title: B}"]
    for key in yaml.safe_load(SHIPPED)["agencies"]:
        after = without_agency(SHIPPED, key)
        assert all(line.startswith("-") for line in changes(SHIPPED, after))
        assert key not in yaml.safe_load(after)["agencies"]


def test_the_last_one_leaves_a_file_that_still_reads():
    after = without_agency(without_agency(TALKATIVE, "a"), "b")
    assert yaml.safe_load(after) == {"agencies": {}}
    assert "# bawah" in after


def test_a_file_on_one_line_is_changed_too():
    assert yaml.safe_load(without_agency("agencies: {a: {title: AA}, b: {title: BB}}\n", "a")) == {
        "agencies": {"b": {"title": "BB"}}
    }


def test_taking_out_what_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        without_agency(TALKATIVE, "z")
