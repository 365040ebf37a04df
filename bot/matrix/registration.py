"""Registration codes over Synapse's admin API (its documentation, "Registration Tokens"; the specification's
`m.login.registration_token`). Only with an administrator's token: the bot itself is none.

A code is a secret: who holds it can make accounts. Nothing here is logged.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from bot.matrix.api import ApiError, HomeserverApi, path
from bot.matrix.events import table, text, whole

TOKENS = "/_synapse/admin/v1/registration_tokens"
STAGE = "m.login.registration_token"
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of a code: nothing that is read for something else off paper (i, l, 1, o, 0)."""
GROUPS, GROUP = 3, 4
"""A code is xxxx-xxxx-xxxx: 59 bits."""


class RegistrationError(Exception):
    """The homeserver makes no accounts by code, or not for us; the words say what to do."""


@dataclass(frozen=True)
class Code:
    """One registration code."""

    code: str = field(repr=False)
    uses: int | None
    """How many accounts; `None`: any number."""
    done: int
    """Accounts made with it."""
    pending: int
    """Registrations under way."""
    until: int | None
    """Milliseconds since the epoch; `None`: for good."""

    def valid(self, now: int) -> bool:
        """Whether an account can be made with it now."""
        left = self.uses is None or self.done + self.pending < self.uses
        return left and (self.until is None or now < self.until)

    @property
    def masked(self) -> str:
        """Enough to tell it from others, too little to register with."""
        return f"{self.code[:GROUP]}…"


async def ready(api: HomeserverApi, bot: str) -> None:
    """Raises RegistrationError unless this account may make codes and the homeserver asks newcomers for one."""
    who = text((await _asked(api, "GET", path("account", "whoami"))).get("user_id"))
    if who == bot:
        raise RegistrationError(
            f"homeserver.admin_token_file holds the bot's own token ({bot}): the bot needs no such power. "
            "Make an administrator of its own (register_new_matrix_user --admin) and use its token"
        )
    await listed(api)
    if not any(STAGE in stages for stages in await _flows(api)):
        raise RegistrationError(
            "the homeserver asks newcomers for no registration code: set enable_registration: true and "
            "registration_requires_token: true in its homeserver.yaml, and restart it"
        )


async def make(api: HomeserverApi, *, uses: int | None, until: int | None, count: int) -> list[Code]:
    """New codes; `until` in milliseconds since the epoch. Raises RegistrationError."""
    made = []
    for _ in range(count):
        body = {"token": _fresh(), "uses_allowed": uses, "expiry_time": until}
        made.append(_read(await _asked(api, "POST", f"{TOKENS}/new", body)))
    return made


async def listed(api: HomeserverApi) -> list[Code]:
    """Every code that there is, used up and outdated ones, too. Raises RegistrationError."""
    found = (await _asked(api, "GET", TOKENS)).get("registration_tokens")
    return [_read(one) for one in found] if isinstance(found, list) else []


async def revoke(api: HomeserverApi, code: str) -> None:
    """From now on nobody registers with it; accounts made with it stay. Raises RegistrationError."""
    await _asked(api, "DELETE", f"{TOKENS}/{quote(code, safe='')}")


def match(codes: Iterable[Code], said: str) -> list[Code]:
    """Those meant by a code or by its beginning as the list shows it."""
    said = said.strip().removesuffix("…")
    known = list(codes)
    whole_ones = [one for one in known if one.code == said]
    return whole_ones or [one for one in known if len(said) >= GROUP and one.code.startswith(said)]


def _fresh() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


def _read(answer: Any) -> Code:
    one = table(answer)
    return Code(
        text(one.get("token")), whole(one.get("uses_allowed")), whole(one.get("completed")) or 0,
        whole(one.get("pending")) or 0, whole(one.get("expiry_time")),
    )  # fmt: skip


async def _asked(api: HomeserverApi, method: str, where: str, body: Any = None) -> dict[str, Any]:
    try:
        return await api.request(method, where, body)
    except ApiError as error:
        if error.status == 401:
            raise RegistrationError("the homeserver does not know the token of homeserver.admin_token_file") from None
        if error.status == 403:
            raise RegistrationError(
                "the account of homeserver.admin_token_file is no server administrator (Synapse: PUT "
                "/_synapse/admin/v2/users/USER with admin: true, or register_new_matrix_user --admin)"
            ) from None
        if error.errcode == "M_UNRECOGNIZED" or "errcode" not in error.body:
            raise RegistrationError(
                "the homeserver has no registration codes of Synapse's: it is another one, a proxy in front of it "
                "hides /_synapse/admin, or it leaves accounts to Matrix Authentication Service (mas-cli manage "
                "issue-user-registration-token)"
            ) from None
        raise


async def _flows(api: HomeserverApi) -> list[list[Any]]:
    """The ways in which the homeserver lets people register; asked without an account, nothing is made."""
    async with HomeserverApi(api.url, proxy=api.proxy) as anonymous:
        try:
            answer = await anonymous.request("POST", path("register"), {})
        except ApiError as error:
            answer = error.body if error.status == 401 else {}  # 403: registration is off altogether
    flows = answer.get("flows")
    return [table(flow).get("stages") or [] for flow in flows] if isinstance(flows, list) else []
