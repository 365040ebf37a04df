"""Calls to the homeserver: how long waits are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.cli.account import told
from bot.matrix.api import ApiError, HomeserverApi


@pytest.mark.parametrize(("seconds", "spoken"), [(285.0, True), (0.5, False)])
async def test_a_long_wait_for_the_homeserver_is_told_to_the_person_who_looks_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seconds: float, spoken: bool
) -> None:
    answers: list[Any] = [ApiError(429, "M_LIMIT_EXCEEDED", "Too many", {}, retry_after=seconds), {"ok": True}]
    slept: list[float] = []

    async def once(*_: object) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(pause: float) -> None:
        slept.append(pause)

    monkeypatch.setattr(HomeserverApi, "_once", once)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with told():
        assert await HomeserverApi("http://127.0.0.1:1").request("GET", "/x") == {"ok": True}
    assert slept[0] >= seconds
    shown = capsys.readouterr().err
    assert (f"menunggu {seconds:.0f} detik" in shown) is spoken
    assert ("batas" in shown) is spoken
    answers += [ApiError(429, "M_LIMIT_EXCEEDED", "Too many", {}, retry_after=seconds), {"ok": True}]
    await HomeserverApi("http://127.0.0.1:1").request("GET", "/x")
    assert capsys.readouterr().err == ""
