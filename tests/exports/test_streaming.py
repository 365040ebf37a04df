"""A long log is never held whole: an entry is written before the next one is read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from exports_world import FLOOD, NOON

from bot.exports.cap import Envelope, Outline, write_alert
from bot.exports.entry import Entry
from bot.exports.geojson import write_geojson
from bot.exports.table import write_csv

MANY = 1_000
ENVELOPE = Envelope("kentongan@batang.test", NOON, "Kentongan Kabupaten Batang", "Kabupaten Batang", "33.25")


def write_cap(entries: Iterable[Entry]) -> Iterator[bytes]:
    return write_alert(entries, Outline(range(MANY)), ENVELOPE)


@pytest.mark.parametrize("write", [write_csv, write_geojson, write_cap])
def test_an_entry_is_written_before_the_next_is_read(write: Callable[[Iterable[Entry]], Iterator[bytes]]) -> None:
    read = 0

    def entries() -> Iterator[Entry]:
        nonlocal read
        for number in range(MANY):
            read += 1
            yield replace(FLOOD, id=number)

    for written, piece in enumerate(write(entries()), 1):
        assert read <= written
        assert len(piece) < 5 * MANY
    assert read == MANY
