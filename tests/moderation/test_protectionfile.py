"""rooms/protections.yaml: what is wrong in it is said with its line, a room's own words stand over the defaults."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.moderation.protectionfile import (
    PROTECTIONS,
    Complaints,
    Policies,
    Protections,
    Watch,
    Watches,
    load_protections,
)
from bot.problem import ContentError
from bot.rooms.loader import load_rooms

ROOMS = Path(__file__).parents[2] / "rooms"


def changed(folder: Path, change: Any) -> Path:
    shutil.copytree(ROOMS, folder, dirs_exist_ok=True)
    data = yaml.safe_load((folder / PROTECTIONS).read_text())
    change(data)
    (folder / PROTECTIONS).write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))
    return folder


def test_without_the_file_nothing_is_watched_for(tmp_path: Path) -> None:
    assert load_protections(tmp_path) == Protections()
    assert Protections().of("ojol") is None


def test_a_room_says_only_what_differs(tmp_path: Path) -> None:
    folder = changed(
        tmp_path, lambda data: data.update(rooms={"ojol": {"flood": {"messages": 30}, "links": {"on": False}}})
    )
    found = load_protections(folder, load_rooms(folder))
    ojol, nelayan = found.of("ojol"), found.of("nelayan")
    assert ojol is not None
    assert nelayan is not None
    assert (ojol.flood.messages, ojol.flood.seconds, ojol.on("links")) == (30, nelayan.flood.seconds, False)
    assert nelayan.on("links")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["defaults"]["voices"].update(ladder=[["redact"]]), "never redacted before it is heard"),
        (lambda data: data["defaults"]["flood"].update(ladder=[]), "flood.ladder"),
        (lambda data: data["defaults"]["flood"].update(messages=1), "flood.messages"),
        (lambda data: data["defaults"]["flood"].update(typo=1), "unknown key 'defaults.flood.typo'"),
        (lambda data: data["defaults"]["flood"].update(ladder=[["ban"]]), "flood.ladder"),
        (lambda data: data.update(rooms={"tidak-ada": {}}), "no channel 'tidak-ada'"),
        (lambda data: data.update(rooms={"ojol": {"flood": {"typo": 1}}}), "unknown key 'flood.typo'"),
        (lambda data: data.update(rooms={"ojol": {"voices": {"ladder": [["redact"]]}}}), "never redacted"),
        (lambda data: data["complaints"].update(signs=[]), "complaints.signs"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, change: Any, message: str) -> None:
    folder = changed(tmp_path, change)
    with pytest.raises(ContentError) as raised:
        load_protections(folder, load_rooms(folder))
    assert any(message in problem.message and problem.line for problem in raised.value.problems)


def test_every_key_of_the_file_is_explained_to_operators() -> None:
    page = (ROOMS.parent / "docs" / "operator.md").read_text()
    sections = {name: field.annotation for name, field in Watches.model_fields.items()}
    sections |= {"complaints": Complaints, "policies": Policies}
    missing = []
    for name, model in sections.items():
        row = next((line for line in page.splitlines() if line.startswith(f"| `{name}`:")), "")
        assert isinstance(model, type)
        own = set(getattr(model, "model_fields", {})) - set(Watch.model_fields)
        if name == "complaints":
            own |= {"mute_minutes"}
        missing += [f"{name}.{key}" for key in own if f"`{key}`" not in row]
    missing += [key for key in Watch.model_fields if f"| `{key}` |" not in page]
    assert missing == []
