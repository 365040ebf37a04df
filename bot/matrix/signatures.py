"""Signed JSON as cross-signing uses it (appendices, "Signing JSON")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import unpaddedbase64
from Crypto.Signature import eddsa
from nio.api import Api

from bot.matrix.events import table

MASTER, SELF_SIGNING, USER_SIGNING = "master", "self_signing", "user_signing"
USAGES = (MASTER, SELF_SIGNING, USER_SIGNING)


def verified(value: Mapping[str, Any], user_id: str, key_id: str, public: str) -> bool:
    """Whether the object carries a valid signature of this key."""
    signature = table(table(value.get("signatures")).get(user_id)).get(key_id)
    if not isinstance(signature, str):
        return False
    try:
        key = eddsa.import_public_key(unpaddedbase64.decode_base64(public))
        eddsa.new(key, "rfc8032").verify(canonical(value), unpaddedbase64.decode_base64(signature))
    except ValueError:
        return False
    return True


def canonical(value: Mapping[str, Any]) -> bytes:
    """What is signed of a JSON object."""
    unsigned = {name: part for name, part in value.items() if name not in ("signatures", "unsigned")}
    return str(Api.to_canonical_json(unsigned)).encode()
