"""Versions of the format of `flows/`: older files are brought up to date when read, newer ones are refused.

A change of the format that would break a file is a `Migration` here, with a name, and a folder of files of the older
version in `tests/dialogue/formats/` that must still load. Files on disk are not rewritten: whoever edits one next
may write it in the newer form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from bot.problem import ContentError
from bot.yamlfile import Document

CURRENT = 1
"""The version that `bot.dialogue.model` describes."""


@dataclass(frozen=True)
class Migration:
    """From one version to the next."""

    name: str
    """What changed: "answers_have_languages"."""
    since: int
    """The version it starts from; it leads to the one after."""
    change: Callable[[str, dict[str, Any]], dict[str, Any]]
    """(file name, data of the older version, free to change) → data of the next."""


MIGRATIONS: tuple[Migration, ...] = ()
"""In order; one for each version before `CURRENT`."""


def up_to_date(document: Document, migrations: Sequence[Migration] = MIGRATIONS, current: int = CURRENT) -> Document:
    """The same file in the current version; its lines stay those of the file.

    Raises ContentError for a version that this program does not know yet. What is no version at all is left for the
    model to refuse, with everything else that is wrong.
    """
    data = document.data
    version = data.get("version") if isinstance(data, dict) else None
    if isinstance(version, bool) or not isinstance(version, int) or version == current:
        return document
    if version > current:
        message = f"version {version} is newer than this Kentongan knows ({current}): update Kentongan"
        raise ContentError([document.problem(("version",), message)])
    if version < 1:
        raise ContentError([document.problem(("version",), f"there was never a version {version}; write {current}")])
    changed = deepcopy(data)
    for migration in migrations:
        if migration.since == changed["version"]:
            changed = {**migration.change(document.path.name, changed), "version": migration.since + 1}
    return document.replaced(changed)
