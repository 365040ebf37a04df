"""The examples in the documentation are what the shipped templates say today, and short enough to be read."""

from __future__ import annotations

import pytest
from examples import FOLDER, PAGE, SCENES, Scene, digest, html, page, seconds, spoken, taken_of

REMEDY = "PYTHONPATH=. python tests/bulletins/examples.py"
scenes = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)


def test_the_page_is_what_would_be_written_now() -> None:
    assert PAGE.read_text() == page(), REMEDY


@scenes
def test_the_html_and_its_picture_are_of_what_would_be_sent_now(scene: Scene) -> None:
    text = html(scene)
    assert (FOLDER / f"{scene.name}.html").read_text() == text, REMEDY
    assert taken_of((FOLDER / f"{scene.name}.png").read_bytes()) == digest(text), REMEDY


def test_nothing_else_lies_among_the_examples() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {scene.name for scene in SCENES}


@scenes
def test_an_example_is_read_in_half_a_minute_and_on_the_worst_afternoon_in_little_more(scene: Scene) -> None:
    message, _ = scene.message()
    assert seconds(spoken(message.body)) <= (40 if "⚠️" in message.body else 30)


@scenes
def test_an_example_mentions_nobody_and_ends_with_the_number(scene: Scene) -> None:
    message, _ = scene.message()
    assert message.content()["m.mentions"] == {}
    assert "110" in message.body.splitlines()[-1]
