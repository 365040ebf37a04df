from __future__ import annotations

import asyncio

import peewee
import pytest

from bot import metrics
from bot.matrix.guard import guarded


def refused(place: str) -> float:
    return metrics.registry.get_sample_value("kentongan_malformed_total", {"place": place}) or 0


class RustPanic(BaseException):
    """As pyo3 raises them: no Exception."""


@pytest.mark.parametrize("error", [ValueError("secret"), RecursionError(), RustPanic()])
def test_what_a_stranger_causes_is_counted_and_put_aside(error: BaseException) -> None:
    before = refused("place")
    with guarded("place"):
        raise error
    assert refused("place") == before + 1


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), peewee.OperationalError("disk full")])
def test_what_is_ours_goes_through(error: BaseException) -> None:
    with pytest.raises(type(error)), guarded("place"):
        raise error


def test_the_errors_text_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded("place", event_id="$e"):
        raise ValueError("what the person wrote")
    output = "".join(capsys.readouterr())
    assert "what the person wrote" not in output
    assert "$e" in output
