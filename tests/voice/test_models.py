from __future__ import annotations

from pathlib import Path

import pytest

from bot.voice.errors import ModelMissing
from bot.voice.models import NEEDED, cache_folder, find_model, list_models


def make_model(folder):
    folder.mkdir(parents=True)
    for name in (*NEEDED, "vocabulary.json"):
        (folder / name).write_bytes(b"x" * 10)
    return folder


def test_the_cache_is_where_the_environment_says(tmp_path):
    assert cache_folder({"KENTONGAN_MODELS": "/srv/models", "XDG_CACHE_HOME": "/x"}) == Path("/srv/models")
    assert cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/kentongan/models")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache/kentongan/models"
    assert cache_folder({}) == Path.home() / ".cache/kentongan/models"


def test_a_model_is_found_by_name_in_the_cache_and_by_path(tmp_path):
    environ = {"KENTONGAN_MODELS": str(tmp_path)}
    base = make_model(tmp_path / "base")
    own = make_model(tmp_path / "elsewhere" / "own")

    assert find_model("base", environ) == base
    assert find_model(str(own), environ) == own


def test_a_model_that_is_not_there_is_told_with_the_command_that_fetches_it(tmp_path):
    with pytest.raises(ModelMissing, match="kentongan model fetch base"):
        find_model("base", {"KENTONGAN_MODELS": str(tmp_path / "none")})
    with pytest.raises(ModelMissing, match="kentongan model fetch small"):
        find_model("small", {"KENTONGAN_MODELS": str(tmp_path)})


def test_an_unknown_name_is_told_with_the_known_ones(tmp_path):
    with pytest.raises(ModelMissing, match="known: base, tiny, small"):
        find_model("bse", {"KENTONGAN_MODELS": str(tmp_path)})


def test_a_folder_that_is_no_model_is_told_with_what_it_lacks(tmp_path):
    folder = make_model(tmp_path / "broken")
    (folder / "tokenizer.json").unlink()

    with pytest.raises(ModelMissing, match=r"tokenizer\.json missing"):
        find_model(str(folder))


def test_the_list_shows_what_is_there_and_what_could_be(tmp_path):
    make_model(tmp_path / "base")
    make_model(tmp_path / "own-finetune")
    (tmp_path / ".base-unfinished").mkdir()

    models = {model.name: model for model in list_models({"KENTONGAN_MODELS": str(tmp_path)})}

    assert models["base"].present
    assert models["base"].size == 40
    assert models["own-finetune"].present
    assert not models["small"].present
    assert ".base-unfinished" not in models
