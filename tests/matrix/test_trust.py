from __future__ import annotations

from typing import Any

import pytest
from nio.crypto import OlmDevice

from bot.event import Trust
from bot.matrix.trust import trust_of

DEVICE = OlmDevice("@a:b", "DEV", {"curve25519": "curve", "ed25519": "ed"})
PROOF: dict[str, Any] = {
    "sender_key": "curve", "signing_key": "ed", "forwarded": False, "inner_room": "!r", "outer_room": "!r",
}  # fmt: skip


def test_a_session_of_a_known_device_in_its_own_room_is_trusted() -> None:
    assert trust_of([DEVICE], **PROOF) == (Trust.DEVICE, "DEV")


@pytest.mark.parametrize(
    "lie",
    [
        {"sender_key": "other"},
        {"signing_key": "other"},
        {"forwarded": True},
        {"inner_room": "!other"},
        {"inner_room": None},
    ],
)
def test_anything_that_does_not_match_proves_nothing(lie: dict[str, Any]) -> None:
    assert trust_of([DEVICE], **{**PROOF, **lie}) == (Trust.UNPROVEN, None)


def test_keys_spread_over_two_devices_prove_nothing() -> None:
    one = OlmDevice("@a:b", "ONE", {"curve25519": "curve", "ed25519": "x"})
    two = OlmDevice("@a:b", "TWO", {"curve25519": "y", "ed25519": "ed"})
    assert trust_of([one, two], **PROOF)[0] is Trust.UNPROVEN
