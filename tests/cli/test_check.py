from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from bot.cli import app, exits
from bot.config import load_config
from bot.content import load_content
from bot.matrix.login import SessionError

ROOT = Path(__file__).parents[2]
TODAY = "2026-11-23"


FLOWS = ("lexicon", "phrases", "local", "skck", "sim")
"""What a district needs, and two flows. To judge all of them takes long, and what is a mistake is one in these, too."""


@pytest.fixture
def district(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped content with two of its flows, in a folder of its own, where one stands."""
    for name in ("rooms", "places", "flows/incidents"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in FLOWS:
        shutil.copy(ROOT / "flows" / f"{name}.yaml", tmp_path / "flows")
    (tmp_path / "flows" / "policy.yaml").write_text("version: 1\nrules: []\n")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("KENTONGAN_PASSWORD", "KENTONGAN_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", "--today", TODAY, *arguments])


def edit(file: Path, old: str, new: str) -> int:
    """Replace a line's text; returns the line's number."""
    text = file.read_text()
    assert old in text, f"{file.name} no longer holds {old!r}: mend this test"
    file.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def errors(result: Result) -> list[str]:
    return [line for line in result.stdout.splitlines() if "peringatan:" not in line]


@pytest.fixture(scope="module")
def shipped() -> Result:
    """What is said of everything as it stands here; asked once, since the answer takes a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for name in ("KENTONGAN_PASSWORD", "KENTONGAN_ACCESS_TOKEN"):
            patch.delenv(name, raising=False)
        return run()


def test_the_shipped_content_is_right(shipped: Result) -> None:
    assert shipped.exit_code == 0, shipped.stdout
    assert errors(shipped) == []
    assert "Versi isi: " in shipped.stderr


def test_the_shipped_flows_claim_nothing_twice_and_say_nothing_in_vain(shipped: Result) -> None:
    lines = shipped.stdout.splitlines()
    assert [line for line in lines if "never be reached" in line or "alias" in line or "which wins" in line] == []


def test_no_option_and_no_command_of_the_shipped_flows_is_shadowed(shipped: Result) -> None:
    assert [line for line in shipped.stdout.splitlines() if "option '" in line or "the command '" in line] == []


def test_before_their_review_date_answers_are_not_warned_of(shipped: Result) -> None:
    assert "was to be reviewed" not in shipped.stdout


Edit = tuple[str, str, str, int, str]
"""File, text replaced, replacement, lines from there to the mistake, and what is said."""

MISTAKES: list[Edit] = [
    ("config.yaml", "  beam_size: 5", "  beamsize: 5", 0, "unknown key 'speech.beamsize'"),
    ("config.yaml", "  port: 8088", "  port: http", 0, "server.port: Input should be a valid integer"),
    ("config.yaml", "timezone: Asia/Jakarta", "timezone: Asia/Jakata", 0, "timezone: no such timezone: Asia/Jakata"),
    ("config.yaml", "  flows: flows", "  flows: flow", 0, ""),
    ("flows/skck.yaml", "title: SKCK", "titel: SKCK", 0, "unknown key 'titel'"),
    ("flows/skck.yaml", "verified_on: 2026-11-22", "verified_on: 2026-11-31", 0, "no such date: 2026-11-31"),
    ("flows/skck.yaml", "title: SKCK", "title: SKCK\ntitle: SKCK", 1, "key 'title' is written twice"),
    ("flows/skck.yaml", "  - name: skck_baru", "  - name: sim_baru", 0, "intent 'sim_baru' is defined twice"),
    ("flows/skck.yaml", "flow: skck", "flow: sim", 0, "flow 'sim' is defined twice"),
    (
        "rooms/rooms.yaml",
        "    title: Ojol Kamtibmas",
        "    titel: Ojol Kamtibmas",
        0,
        "unknown key 'channels.ojol.titel'",
    ),
    (
        "rooms/rooms.yaml",
        "    districts: [Batang, Kandeman,",
        "    districts: [Batang, Kandemam,",
        0,
        "no district 'Kandemam' in the gazetteer",
    ),
    (
        "rooms/rooms.yaml",
        "  bulletins: [pagi, sore, malam]",
        "  bulletins: [pagi, siang, malam]",
        0,
        "no slot 'siang' in bulletins.yaml (there are: pagi, sore, malam)",
    ),
    (
        "rooms/rooms.yaml",
        "    title: Desa Siaga",
        "    bulletins: [subuh]\n    title: Desa Siaga",
        0,
        "no slot 'subuh' in bulletins.yaml",
    ),
    ("rooms/rooms.yaml", "    join: invite", "    join: public", 0, "the operations room holds personal data"),
    (
        "rooms/officers.yaml",
        "    rooms: [all]           # all",
        "    rooms: [oyol]  # all",
        0,
        "no room 'oyol' in rooms.yaml",
    ),
    ("rooms/officers.yaml", "    power: 50", "    power: 500", 0, "roles.petugas.power: Input should be less than"),
    (
        "rooms/bulletins.yaml",
        "rooms: {}",
        "rooms: {oyol: {pagi: {time: '05:00'}}}",
        0,
        "no channel 'oyol' in rooms.yaml",
    ),
    ("rooms/bulletins.yaml", 'time: "15:30"', 'time: "15:70"', 0, "slots.sore.time: not a time of day"),
    ("rooms/bulletins.yaml", "template: sore.md.j2", "template: siang.md.j2", 0, "no file 'siang.md.j2' in templates/"),
    (
        "rooms/bulletins.yaml",
        "withheld: [kdrt,",
        "withheld: [kdtr,",
        0,
        "no category 'kdtr' in incidents/categories.yaml",
    ),
    (
        "rooms/bulletins.yaml",
        "categories: [tabrak_lari,",
        "categories: [tabrak,",
        0,
        "no category 'tabrak' in incidents/categories.yaml",
    ),
    ("rooms/bulletins.yaml", "adm4: 33.25.11.1015", "adm4: 33.99.11.1015", 0, "no village '33.99.11.1015'"),
    ("rooms/bulletins.yaml", "doubtful: [Bandar,", "doubtful: [Bandung,", 0, "no district 'Bandung'"),
    ("flows/incidents/categories.yaml", "sets:", "set:", 0, "unknown key 'set'"),
    ("places/places.csv", "Batang;Kandeman;Tulis", "Batang;Kandemann;Tulis", 0, "unknown district 'Kandemann'"),
    ("places/villages.csv", "33.25.01.2001,33.25.01,Silurah", "33.25.01.2001,33.25.99,Silurah", 0, "district 33.25.99"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "further", "words"), MISTAKES, ids=[f"{e[0]}: {e[2]}" for e in MISTAKES]
)
def test_each_kind_of_mistake_is_named_with_its_file_and_line(
    district: Path, file: str, old: str, new: str, further: int, words: str
) -> None:
    line = edit(district / file, old, new) + further
    result = run()
    assert result.exit_code == 1
    found = errors(result)
    assert found
    if words:
        assert [one for one in found if one.startswith(f"{file}:{line}: ") and words in one], found
    else:
        assert all(re.match(r"flow/.*:0: ", one) or one.startswith("flow:0: ") for one in found), found


def test_mistakes_of_all_parts_are_told_at_once_in_order(district: Path) -> None:
    wrong = ("flows/skck.yaml", "rooms/rooms.yaml", "places/villages.csv")
    for file, old, new, _, _ in (next(one for one in MISTAKES if one[0] == name) for name in wrong):
        edit(district / file, old, new)
    files = [line.split(":")[0] for line in errors(run())]
    assert files == sorted(files)
    assert set(wrong) <= set(files)


@pytest.mark.parametrize("file", ["flows/policy.yaml", "rooms/rooms.yaml", "places/districts.csv", "config.yaml"])
def test_a_missing_file_is_named(district: Path, file: str) -> None:
    (district / file).unlink()
    result = run()
    assert result.exit_code == 1
    assert f"{file}:0: file not found" in result.stdout


def test_a_secret_file_that_is_not_there_is_an_error_without_its_content(district: Path) -> None:
    edit(district / "config.yaml", "password_file: null", "password_file: nowhere/pw")
    result = run()
    assert result.exit_code == 1
    assert "homeserver.password_file: " in result.stdout


def test_warnings_are_told_and_exit_0(district: Path) -> None:
    result = run("--today", "2040-01-01")
    assert result.exit_code == 0
    late = [line for line in result.stdout.splitlines() if "was to be reviewed by" in line]
    assert late
    assert all(re.match(r"flows/\w+\.yaml:\d+: peringatan: ", line) for line in late)


def test_json_is_one_object_a_line_and_nothing_else(district: Path) -> None:
    line = edit(district / "rooms/rooms.yaml", "    title: Ojol Kamtibmas", "    titel: x")
    result = run("--json")
    assert result.exit_code == 1
    rows = [json.loads(row) for row in result.stdout.splitlines()]
    assert result.stderr == ""
    assert {
        "file": "rooms/rooms.yaml",
        "line": line,
        "severity": "error",
        "message": "unknown key 'channels.ojol.titel'",
    } in rows


def test_files_are_named_as_one_would_type_them_from_here(district: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(district / "flows/skck.yaml", "title: SKCK", "titel: SKCK")
    (district / "sub").mkdir()
    monkeypatch.chdir(district / "flows")
    result = CliRunner().invoke(app, ["check", "--config", "../config.yaml"])
    assert "\nskck.yaml:" in "\n" + result.stdout
    monkeypatch.chdir(district / "sub")
    result = CliRunner().invoke(app, ["check", "--config", "../config.yaml"])
    assert f"{district}/flows/skck.yaml:" in result.stdout


def test_wrong_usage_exits_2(district: Path) -> None:
    assert run("--nonsense").exit_code == 2
    assert run("--today", "tomorrow").exit_code == 2


# ── one version over all content ────────────────────────────────────────────────────────────────────────


def version(district: Path) -> str:
    content, problems = load_content(load_config(district / "config.yaml", {}))
    assert content is not None, problems
    return content.version


def test_any_edit_changes_the_version_and_an_editors_own_files_do_not(district: Path) -> None:
    first = version(district)
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    (district / "flows" / ".skck.yaml.swp").write_text("x")
    (district / "rooms" / "rooms.yaml~").write_text("x")
    assert version(district) == first
    edit(district / "places/places.csv", "steep, dark", "steep; dark")
    second = version(district)
    edit(district / "rooms/templates/pagi.md.j2", "Selamat pagi", "Selamat  pagi")
    third = version(district)
    edit(district / "flows/skck.yaml", "title: SKCK", "title: Skck")
    assert len({first, second, third, version(district)}) == 4


def test_the_same_content_has_the_same_version_elsewhere(
    district: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(district, other, dirs_exist_ok=True)
    assert version(other) == version(district)


def test_content_written_while_it_is_read_is_read_again(district: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot import content as module

    real: Callable[..., Any] = module.load_flows
    written: list[int] = []

    def read_while_somebody_writes(folder: Path) -> Any:
        if not written:
            written.append(edit(district / "flows/skck.yaml", "title: SKCK", "title: Baru"))
        return real(folder)

    monkeypatch.setattr(module, "load_flows", read_while_somebody_writes)
    content, problems = load_content(load_config(district / "config.yaml", {}))
    assert content is not None, problems
    assert content.version == version(district)
    assert content.flows.flows["skck"].file.title == "Baru"


def test_content_that_never_settles_is_refused(district: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot import content as module

    numbers = iter(range(100))
    monkeypatch.setattr(module, "content_files", lambda config: {"flows/skck.yaml": f"{next(numbers):064x}"})
    content, problems = load_content(load_config(district / "config.yaml", {}))
    assert content is None
    assert "keeps changing" in problems[0].message


def test_private_matters_without_a_room_of_their_own_are_warned_of(district: Path) -> None:
    rooms = district / "rooms" / "rooms.yaml"
    content = yaml.safe_load(rooms.read_text())
    del content["private"]
    rooms.write_text(yaml.safe_dump(content, sort_keys=False))
    edit(district / "rooms" / "officers.yaml", "rooms: [all, ruang-ppa]", "rooms: [all]")
    line = rooms.read_text().splitlines().index("operations:") + 1
    warned = [text for text in run().stdout.splitlines() if "no 'private:' room" in text]
    assert len(warned) == 1
    assert f"rooms.yaml:{line}" in warned[0]
    assert "peringatan:" in warned[0]


def test_a_room_for_private_matters_that_nobody_reads_is_warned_of(district: Path) -> None:
    line = (district / "rooms" / "rooms.yaml").read_text().splitlines().index("private:") + 1
    warned = [text for text in run().stdout.splitlines() if "nobody works in 'ruang-ppa'" in text]
    assert len(warned) == 1
    assert f"rooms.yaml:{line}" in warned[0]
    officers = (district / "rooms" / "officers.yaml").read_text()
    before, ppa = officers.split("  ppa:\n")
    named = ppa.replace("members: []", 'members: ["@ppa"]')
    (district / "rooms" / "officers.yaml").write_text(f"{before}  ppa:\n{named}")
    result = run()
    assert result.exit_code == 0, result.stdout
    assert "private matters" not in result.stdout


def test_nobody_to_read_the_cards_and_no_spare_key_are_warned_of(district: Path) -> None:
    warned = [text for text in run().stdout.splitlines() if "officers.yaml:" in text]
    assert ["no officers" in text or "no spare accounts" in text for text in warned] == [True, True]
    officers = district / "rooms" / "officers.yaml"
    before, last = officers.read_text().rsplit("members: []", 1)  # who reads private matters
    officers.write_text(f'{before}members: ["@budi"]{last}')
    edit(district / "rooms" / "officers.yaml", "break_glass: []", 'break_glass: ["@brankas"]')
    assert "officers.yaml:" not in run().stdout


def test_online_without_anything_to_sign_in_with_is_a_matter_of_configuration(
    district: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unsigned(*_: object) -> None:
        raise SessionError("nothing to sign in with: set KENTONGAN_PASSWORD")

    monkeypatch.setattr("bot.matrix.inspection.inspect", unsigned)
    result = run("--online")
    assert result.exit_code == exits.USAGE
    assert "nothing to sign in with" in result.stderr


def test_an_unreachable_homeserver_is_named_with_what_to_look_at(district: Path) -> None:
    edit(district / "config.yaml", "url:", "url: http://127.0.0.1:1  #")
    result = run("--online")
    assert result.exit_code == exits.UNREACHABLE
    assert "http://127.0.0.1:1" in result.stderr
    assert "homeserver.url in config.yaml" in result.stderr
    assert "ConnectionKey" not in result.stderr
