from __future__ import annotations

import pytest

from bot.incidents.gazetteer import Gazetteer
from bot.incidents.hotwords import LIMIT, choose_hotwords


def test_a_room_begins_with_its_own_district(gazetteer: Gazetteer) -> None:
    words = choose_hotwords(gazetteer, ["Subah"], limit=10)
    assert len(words) == 10
    assert words[0] == "alas roban"
    assert "subah" in words
    assert "gerlang" not in words


def test_what_was_reported_lately_comes_before_everything(gazetteer: Gazetteer) -> None:
    words = choose_hotwords(gazetteer, ["Subah"], ["Gerlang", "Alas Roban"], limit=5)
    assert words[:2] == ["gerlang", "alas roban"]
    assert words.count("alas roban") == 1


def test_a_name_that_the_gazetteer_no_longer_has_is_no_hint(gazetteer: Gazetteer) -> None:
    assert "atlantis" not in choose_hotwords(gazetteer, recent=["Atlantis"])


def test_the_neighbours_districts_follow(gazetteer: Gazetteer) -> None:
    words = choose_hotwords(gazetteer, ["Subah"])
    assert {"limpung", "gringsing"} <= set(words)
    assert words.index("kuripan") < words.index("limpung")


def test_the_whole_regency_hears_its_roads_and_districts_first(gazetteer: Gazetteer) -> None:
    words = choose_hotwords(gazetteer)
    assert len(words) == LIMIT
    assert {name.casefold() for name in gazetteer.districts} <= set(words)
    assert "weleri" not in choose_hotwords(gazetteer, limit=1000)


@pytest.mark.parametrize("limit", [0, 1, 7])
def test_the_limit_is_kept_in_small_letters(gazetteer: Gazetteer, limit: int) -> None:
    words = choose_hotwords(gazetteer, ["Batang"], ["Alas Roban"], limit=limit)
    assert len(words) == limit
    assert all(word == word.lower() for word in words)
