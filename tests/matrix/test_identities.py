"""Whose device it is: only what an unbroken chain of signatures says."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.matrix.crosssigning import Seeds, SigningKey
from bot.matrix.identities import Identities
from bot.matrix.signatures import MASTER, SELF_SIGNING

ANI = "@ani:x"
SEEDS = Seeds.new()
DEVICE = SigningKey(b"d" * 32)


def key_object(usage: str) -> dict[str, Any]:
    key = SEEDS.key(usage)
    return {"user_id": ANI, "usage": [usage], "keys": {key.key_id: key.public}}


def signed(value: dict[str, Any], key: SigningKey) -> dict[str, Any]:
    return {**value, "signatures": {ANI: {key.key_id: key.sign(value)}}}


def answer() -> dict[str, Any]:
    device = {"user_id": ANI, "device_id": "PHONE", "algorithms": [], "keys": {"ed25519:PHONE": DEVICE.public}}
    return copy.deepcopy(
        {
            "device_keys": {ANI: {"PHONE": signed(device, SEEDS.key(SELF_SIGNING))}},
            "master_keys": {ANI: key_object(MASTER)},
            "self_signing_keys": {ANI: signed(key_object(SELF_SIGNING), SEEDS.key(MASTER))},
        }
    )


def master_of(found: dict[str, Any], device: str = "PHONE", key: str = DEVICE.public) -> str | None:
    identities = Identities()
    identities.learn([ANI], found)
    return identities.master_of(ANI, device, key)


def test_a_device_signed_under_the_master_key_is_its_owners() -> None:
    assert master_of(answer()) == SEEDS.key(MASTER).public


def _unsigned_device(found: dict[str, Any]) -> None:
    del found["device_keys"][ANI]["PHONE"]["signatures"]


def _device_of_somebody_else(found: dict[str, Any]) -> None:
    found["device_keys"][ANI]["PHONE"]["user_id"] = "@eve:x"


def _other_master(found: dict[str, Any]) -> None:
    other = SigningKey(b"e" * 32)
    found["master_keys"][ANI]["keys"] = {other.key_id: other.public}


def _no_master(found: dict[str, Any]) -> None:
    found["master_keys"] = {}


def _wrong_usage(found: dict[str, Any]) -> None:
    found["self_signing_keys"][ANI]["usage"] = ["user_signing"]


def _changed_algorithms(found: dict[str, Any]) -> None:
    found["device_keys"][ANI]["PHONE"]["algorithms"] = ["m.evil"]


def _nonsense(found: dict[str, Any]) -> None:
    found["self_signing_keys"][ANI] = ["not", "an", "object"]


def _signature_that_is_no_text(found: dict[str, Any]) -> None:
    found["device_keys"][ANI]["PHONE"]["signatures"] = {ANI: {SEEDS.key(SELF_SIGNING).key_id: 7}}


@pytest.mark.parametrize(
    "harm",
    [
        _unsigned_device, _device_of_somebody_else, _other_master, _no_master, _wrong_usage, _changed_algorithms,
        _nonsense, _signature_that_is_no_text,
    ],
)  # fmt: skip
def test_a_broken_chain_proves_nothing(harm: Any) -> None:
    found = answer()
    harm(found)
    assert master_of(found) is None


def test_another_key_under_the_same_device_id_proves_nothing() -> None:
    assert master_of(answer(), key=SigningKey(b"f" * 32).public) is None
    assert master_of(answer(), device="LAPTOP") is None


def test_a_later_answer_without_the_device_takes_it_back() -> None:
    identities = Identities()
    identities.learn([ANI], answer())
    identities.learn([ANI], {"device_keys": {ANI: {}}})
    assert identities.knows(ANI)
    assert identities.master_of(ANI, "PHONE", DEVICE.public) is None
