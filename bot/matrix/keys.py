"""The bot's and other people's device keys: upload, query, claim, and whom to trust with ours.

nio never refills one-time keys once the homeserver holds none, and makes no fallback key: a stranger who claims
them all would make every later first message unreadable (MSC2732).
"""

from __future__ import annotations

from typing import Any

import structlog
from nio.api import Api
from nio.crypto import OlmDevice, TrustState
from nio.responses import KeysQueryResponse

from bot.clock import now_ms
from bot.matrix.api import ApiError, HomeserverApi, path
from bot.matrix.crypto import Crypto
from bot.matrix.events import table, whole
from bot.matrix.guard import guarded

log = structlog.get_logger()

CURVE = "signed_curve25519"
USERS_A_QUERY = 200
QUERY_MS = 10_000
"""How long the homeserver may wait for other servers."""
FALLBACK_MS = 3_600_000
"""A used fallback key is replaced no sooner: messages made with it may still be on their way, and only the
one before the newest is kept."""
FIRST_RETRY_MS, LAST_RETRY_MS = 60_000, 3_600_000


class Keys:
    """Keeps the homeserver's and our own idea of device keys together."""

    def __init__(self, crypto: Crypto, api: HomeserverApi) -> None:
        self._crypto = crypto
        self._api = api
        self._fallback_needed = False
        self._fallback_at = 0
        self._retries: dict[str, tuple[int, int]] = {}
        """User → (when to ask again, pause before that): their server did not answer."""
        self._asked = 0
        self._newest: dict[str, int] = {}
        """User → number of the query that their list is from."""

    def note(self, response: dict[str, Any]) -> None:
        """Take from a /sync response how many of our keys are left and whose devices changed."""
        olm = self._crypto.olm
        counts = response.get("device_one_time_keys_count")
        if isinstance(counts, dict):
            olm.uploaded_key_count = whole(counts.get(CURVE)) or 0
        unused = response.get("device_unused_fallback_key_types")
        if isinstance(unused, list):
            self._fallback_needed = CURVE not in unused
        lists = table(response.get("device_lists"))
        for user in [*_names(lists.get("changed")), *_names(lists.get("left"))]:
            if any(room.encrypted and user in room.users for room in self._crypto.client.rooms.values()):
                olm.users_for_key_query.add(user)
            else:  # asked for afresh when we next share an encrypted room
                olm.tracked_users.discard(user)

    @property
    def upload_due(self) -> bool:
        """Whether the homeserver lacks keys of ours."""
        return bool(self._crypto.olm.should_upload_keys) or self._fallback_due

    @property
    def _fallback_due(self) -> bool:
        return self._fallback_needed and now_ms() >= self._fallback_at

    async def upload(self) -> None:
        """Upload device keys (once), one-time keys up to the maximum, and a fallback key when it is due.

        Private halves are saved before the public ones leave, so that a crash in between loses nothing: keys not
        yet marked as published are simply offered again, and the homeserver takes the same key twice.
        """
        olm = self._crypto.olm
        account = olm.account
        content: dict[str, Any] = {}
        if olm.should_upload_keys:
            held = (olm.uploaded_key_count or 0) if account.shared else 0
            unpublished = len(account.one_time_keys["curve25519"])
            missing = account.max_one_time_keys - held - unpublished
            if missing > 0:
                account.generate_one_time_keys(missing)
        if not account.shared:
            content["device_keys"] = self.device_keys()
        with_fallback = self._fallback_due or not account.shared
        if with_fallback and not account._account.fallback_key:
            account._account.generate_fallback_key()
        olm.save_account()
        one_time = account.one_time_keys["curve25519"]
        if one_time:
            content["one_time_keys"] = {f"{CURVE}:{name}": self._signed({"key": key}) for name, key in one_time.items()}
        fallback = account._account.fallback_key
        if fallback:
            content["fallback_keys"] = {
                f"{CURVE}:{name}": self._signed({"key": key.to_base64(), "fallback": True})
                for name, key in fallback.items()
            }
        if not content:
            return
        answer = await self._api.request("POST", path("keys", "upload"), content)
        account.shared = True
        olm.uploaded_key_count = whole(table(answer.get("one_time_key_counts")).get(CURVE)) or 0
        olm.mark_keys_as_published()
        olm.save_account()
        if fallback:
            self._fallback_needed = False
            self._fallback_at = now_ms() + FALLBACK_MS
        log.info("keys_uploaded", one_time=len(one_time), fallback=bool(fallback), device="device_keys" in content)

    def device_keys(self) -> dict[str, Any]:
        """Our signed device keys (client-server API, "Device keys")."""
        olm = self._crypto.olm
        identity = olm.account.identity_keys
        return self._signed(
            {
                "algorithms": list(olm._algorithms),
                "device_id": olm.device_id,
                "user_id": olm.user_id,
                "keys": {f"{kind}:{olm.device_id}": identity[kind] for kind in ("curve25519", "ed25519")},
            }
        )

    def _signed(self, value: dict[str, Any]) -> dict[str, Any]:
        olm = self._crypto.olm
        signature = olm.account.sign(Api.to_canonical_json(value))
        return {**value, "signatures": {olm.user_id: {f"ed25519:{olm.device_id}": signature}}}

    async def query(self) -> None:
        """Fetch the device lists that are out of date, and decide about devices not seen before.

        People whose server does not answer are asked for again later, at growing intervals.
        """
        olm = self._crypto.olm
        now = now_ms()
        olm.users_for_key_query.update(user for user, (due, _) in self._retries.items() if due <= now)
        users = sorted(olm.users_for_key_query)
        for start in range(0, len(users), USERS_A_QUERY):
            some = users[start : start + USERS_A_QUERY]
            request = {"device_keys": {user: [] for user in some}, "timeout": QUERY_MS}
            number = self.number()
            answer = await self._api.request("POST", path("keys", "query"), request)
            lists = table(answer.get("device_keys"))
            asked = {user: lists[user] for user in some if isinstance(lists.get(user), dict)}
            self._crypto.client._handle_olm_response(KeysQueryResponse(self.fresh(number, asked, answer), {}))
            for user in some:
                self._queried(user, answered=user in asked)
            self.decide(asked)

    def number(self) -> int:
        """The number of a query that begins now."""
        self._asked += 1
        return self._asked

    def fresh(self, number: int, lists: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Of the lists that query `number` brought, those that no later query has brought before.

        Loop and sender both ask. An older answer that comes last would take away the devices that are newer than it.
        What the whole `answer` says of cross-signing is taken from it for the same people.
        """
        fresh = {user: devices for user, devices in lists.items() if self._newest.get(user, 0) < number}
        self._crypto.identities.learn(fresh, answer)
        self._newest.update(dict.fromkeys(fresh, number))
        return fresh

    @property
    def query_due(self) -> bool:
        """Whether there are device lists to fetch."""
        olm, now = self._crypto.olm, now_ms()
        return bool(olm.users_for_key_query) or any(due <= now for due, _ in self._retries.values())

    def is_away(self, user: str) -> bool:
        """Whether the person's server did not answer, so that they are asked for again later."""
        return user in self._retries

    def _queried(self, user: str, *, answered: bool) -> None:
        self._crypto.olm.users_for_key_query.discard(user)
        self._crypto.olm.tracked_users.add(user)
        if answered:
            self._retries.pop(user, None)
            return
        pause = min(self._retries.get(user, (0, FIRST_RETRY_MS // 2))[1] * 2, LAST_RETRY_MS)
        self._retries[user] = (now_ms() + pause, pause)

    def decide(self, users: Any) -> None:
        """Say which devices may read what the bot writes, before nio has to guess.

        Every device of a member may: an officer's new phone must not go deaf, and nobody compares emoji with a
        bot. Device keys stay pinned: nio refuses a device that comes back with another key. Other devices on the
        bot's own account never may: there should be none.
        """
        olm = self._crypto.olm
        with self._crypto.store.transaction():
            for user in users:
                for device in olm.device_store.active_user_devices(user):
                    with guarded("device_trust", user=user):
                        self._decide(device)

    def _decide(self, device: OlmDevice) -> None:
        olm = self._crypto.olm
        if device.user_id == olm.user_id:
            if device.id != olm.device_id and device.trust_state is not TrustState.blacklisted:
                log.warning("own_account_other_device", device=device.id)
                olm.blacklist_device(device)
        elif device.trust_state in (TrustState.unset, TrustState.ignored):
            olm.verify_device(device)

    async def mend(self) -> None:
        """Open new Olm sessions to devices whose session broke, then say so to them."""
        olm = self._crypto.olm
        wedged = [*olm.wedged_devices, *olm.key_request_devices_no_session]
        if wedged:
            request: dict[str, dict[str, str]] = {}
            for device in wedged:
                request.setdefault(device.user_id, {})[device.id] = CURVE
            try:
                answer = await self._api.request(
                    "POST", path("keys", "claim"), {"one_time_keys": request, "timeout": QUERY_MS}
                )
            finally:
                remaining = (list(olm.wedged_devices), list(olm.key_request_devices_no_session))
            with self._crypto.store.transaction():
                olm._handle_key_claiming(_Claimed(table(answer.get("one_time_keys"))))
            for kept, gone in zip((olm.wedged_devices, olm.key_request_devices_no_session), remaining, strict=True):
                # Devices that gave us no key would be asked for again with every sync.
                kept[:] = [device for device in kept if device not in gone]

    async def send(self) -> None:
        """Send what nio wants to say to other devices (session repair, key requests)."""
        olm = self._crypto.olm
        for message in list(olm.outgoing_to_device_messages):
            try:
                await self._api.request(
                    "PUT", path("sendToDevice", message.type, f"t{now_ms()}-{id(message)}"), message.as_dict()
                )
            except ApiError as error:
                if error.status in (401, 429) or error.status >= 500:
                    raise
                log.warning("to_device_refused", user=message.recipient, errcode=error.errcode)
            olm._mark_to_device_message_as_sent(message)


class _Claimed:
    """The part of nio's KeysClaimResponse that its Olm machine reads."""

    def __init__(self, one_time_keys: dict[str, Any]) -> None:
        self.one_time_keys = one_time_keys


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
