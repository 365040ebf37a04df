"""Where speech models stand, and which of them are there.

One cache for all checkouts of a user: $KENTONGAN_MODELS, else kentongan/models in $XDG_CACHE_HOME (default
~/.cache). A folder stands there under its model's name only when it is complete.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.voice.errors import ModelMissing
from bot.voice.pins import HUB, PACKS

NEEDED = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class Model:
    """A model one can have."""

    name: str
    folder: Path
    present: bool
    size: int
    """Bytes on disk; 0 when it is not there."""


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder that holds the models; it may not exist yet."""
    environ = os.environ if environ is None else environ
    if environ.get("KENTONGAN_MODELS"):
        return Path(environ["KENTONGAN_MODELS"]).expanduser()
    base = environ.get("XDG_CACHE_HOME")
    # XDG Base Directory Specification: a relative path is to be ignored
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "kentongan" / "models"


def find_model(name_or_path: str, environ: Mapping[str, str] | None = None) -> Path:
    """The folder of a model: a path to one, or a name in the cache. Raises ModelMissing with the remedy."""
    if os.sep in name_or_path:
        folder = Path(name_or_path).expanduser()
        lacking = missing_files(folder)
        if lacking:
            raise ModelMissing(f"{folder} is no speech model for CTranslate2: {', '.join(lacking)} missing")
        return folder
    folder = cache_folder(environ) / name_or_path
    if not name_or_path or missing_files(folder):
        if name_or_path in known_models():
            raise ModelMissing(f"speech model '{name_or_path}' is not there; run: kentongan model fetch {name_or_path}")
        raise ModelMissing(
            f"unknown speech model '{name_or_path}' (known: {', '.join(known_models())}; or a folder's path with a /); "
            "run: kentongan model fetch base"
        )
    return folder


def known_models() -> list[str]:
    """Names that `kentongan model fetch` understands."""
    return [*PACKS, *HUB]


def missing_files(folder: Path) -> list[str]:
    """What a folder lacks to be a model."""
    lacking = [name for name in NEEDED if not (folder / name).is_file()]
    if not any(folder.glob("vocabulary.*")):
        lacking.append("vocabulary")
    return lacking


def list_models(environ: Mapping[str, str] | None = None) -> list[Model]:
    """Every known model and every other one in the cache."""
    cache = cache_folder(environ)
    names = known_models()
    if cache.is_dir():
        names += sorted(
            entry.name
            for entry in cache.iterdir()
            if entry.is_dir() and entry.name not in names and not entry.name.startswith(".")
        )
    return [_model(name, cache / name) for name in names]


def _model(name: str, folder: Path) -> Model:
    present = not missing_files(folder)
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) if present else 0
    return Model(name, folder, present, size)
