"""Reading what is encrypted: to-device messages in, room events opened, with guards that nio lacks.

Any member of a room, and any server that federates, can send bodies that make nio raise out of its sync loop.
Here one malformed message is one counted refusal, and what a message changes (Olm ratchet, room key) is saved
in one transaction with the note that it was taken in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import structlog
import vodozemac
from nio import AsyncClient, EncryptionError
from nio.crypto import InboundGroupSession, Olm
from nio.events import ForwardedRoomKeyEvent, MegolmEvent, OlmEvent, RoomKeyEvent, ToDeviceEvent
from nio.responses import KeysClaimResponse, KeysQueryResponse

from bot.event import Trust
from bot.matrix.cryptostore import FAILURES, CryptoStore
from bot.matrix.events import table, text, whole
from bot.matrix.guard import guarded
from bot.matrix.identities import Identities
from bot.matrix.trust import trust_of

log = structlog.get_logger()

MEGOLM = "m.megolm.v1.aes-sha2"


class CryptoStoreError(Exception):
    """The key store cannot be read or written."""


class KeyMissing(Exception):
    """The event may open once its Megolm session arrives."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        super().__init__("no key yet")


class Unreadable(Exception):
    """No key will open it: damaged, replayed, or never an encrypted event."""


@dataclass(frozen=True)
class Opened:
    """A decrypted event."""

    payload: dict[str, Any]
    """`{"type", "content"}` as encrypted."""
    trust: Trust
    device_id: str | None
    master_key: str | None
    """Under which the sender has signed that device."""


class Crypto:
    """The receiving side of the bot's end-to-end encryption."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.identities = Identities()
        self.arrived: set[str] = set()
        """Megolm sessions that came in and whose waiting events were not yet retried; `SyncLoop` empties it."""
        _guard(self.olm)

    @property
    def olm(self) -> Olm:
        """nio's Olm machine."""
        assert self.client.olm is not None  # noqa: S101 - the session loads it
        return self.client.olm

    @property
    def store(self) -> CryptoStore:
        """The key store."""
        store = self.client.store
        assert isinstance(store, CryptoStore)  # noqa: S101
        return store

    def receive(self, messages: list[Any], since: str) -> None:
        """Take in the to-device messages of the sync that started at `since`, each at most once.

        Raises CryptoStoreError when the store cannot keep them; memory is then back at what the store holds,
        so that the messages can be taken in again when the homeserver repeats them.
        """
        if not messages:
            return
        try:
            with self.store.transaction():
                self.store.begin_batch(since)
                for raw in messages:
                    with guarded("to_device", sender=text(table(raw).get("sender"))):
                        if self.store.first_time(_digest(raw), since):
                            self._receive(raw)
        except FAILURES as error:
            self._reload()
            raise CryptoStoreError(f"the key store cannot be written: {error}") from None
        with guarded("key_requests"):
            self.olm.collect_key_requests()
            self.olm.clear_verifications()

    def _receive(self, raw: dict[str, Any]) -> None:
        event = ToDeviceEvent.parse_event(raw)
        if event is None:
            return
        try:
            decrypted = self.olm.handle_to_device_event(event)
        except Exception:
            # nio mends a broken Olm session, but not one that was begun with a one-time key we no longer have.
            if isinstance(event, OlmEvent) and self.olm.device_store.device_from_sender_key(
                event.sender, event.sender_key
            ):
                self.olm._mark_device_for_unwedging(event.sender, event.sender_key)
            raise
        if isinstance(decrypted, RoomKeyEvent | ForwardedRoomKeyEvent):
            self.arrived.add(decrypted.session_id)

    def _reload(self) -> None:
        try:
            self.olm.load()
            self.olm.account = self.store.load_account()
        except FAILURES as error:
            raise CryptoStoreError(f"the key store cannot be read: {error}") from None

    def session_of(self, room_id: str, content: dict[str, Any]) -> InboundGroupSession | None:
        """The Megolm session of an encrypted event's content.

        `sender_key` is deprecated and only a hint (MSC3700): without a match every session of that id will do,
        since trust is judged by the session's own keys.
        """
        session_id = text(content.get("session_id"))
        sessions = self.olm.inbound_group_store[room_id]
        hinted = sessions.get(text(content.get("sender_key")), {}).get(session_id)
        return hinted or next((found[session_id] for found in sessions.values() if session_id in found), None)

    def knows_sender(self, sender: str, room_id: str, content: dict[str, Any]) -> bool:
        """Whether the device that the event's session came from is on the sender's list, and whose it is is known."""
        session = self.session_of(room_id, content)
        return session is None or (
            self.identities.knows(sender)
            and any(
                device.curve25519 == session.sender_key for device in self.olm.device_store.active_user_devices(sender)
            )
        )

    def open(self, source: dict[str, Any], room_id: str) -> Opened:
        """Decrypt an m.room.encrypted event of a room. Raises KeyMissing or Unreadable."""
        content = table(source.get("content"))
        session_id, ciphertext = text(content.get("session_id")), text(content.get("ciphertext"))
        if content.get("algorithm") != MEGOLM or not session_id or not ciphertext:
            raise Unreadable("not a Megolm event")
        session = self.session_of(room_id, content)
        if session is None:
            self._miss(source, room_id, content)
            raise KeyMissing(session_id)
        opened: Opened | None = None
        later = False
        with guarded("megolm", event_id=text(source.get("event_id"))):
            try:
                plaintext, index = session.decrypt(ciphertext)
            except ValueError as error:
                later = "unknown message index" in str(error)  # our copy of the session begins after this message
                raise
            opened = self._opened(plaintext, index, session, source, room_id)
        if later:
            raise KeyMissing(session_id)
        if opened is None:
            raise Unreadable("damaged or replayed")
        return opened

    def _opened(
        self, plaintext: str, index: int, session: InboundGroupSession, source: dict[str, Any], room_id: str
    ) -> Opened:
        replay = SimpleNamespace(
            sender_key=session.sender_key,
            session_id=session.id,
            event_id=text(source.get("event_id")),
            server_timestamp=whole(source.get("origin_server_ts")),
        )
        if not self.olm.message_index_ok(index, replay):
            raise Unreadable("replayed")
        payload = json.loads(plaintext)
        if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
            raise Unreadable("not an event")
        inner = payload.get("content")
        if not isinstance(inner, dict):
            raise Unreadable("no content")
        # Relations stay outside the ciphertext, for the homeserver's sake (client-server API, m.room.encrypted).
        outer = table(source.get("content")).get("m.relates_to")
        if "m.relates_to" not in inner and isinstance(outer, dict):
            inner = {**inner, "m.relates_to": outer}
        sender = text(source.get("sender"))
        trust, device_id = trust_of(
            self.olm.device_store.active_user_devices(sender),
            sender_key=session.sender_key,
            signing_key=session.ed25519,
            forwarded=bool(session.forwarding_chain),
            inner_room=payload.get("room_id"),
            outer_room=room_id,
        )
        master = self.identities.master_of(sender, device_id, session.ed25519) if device_id is not None else None
        return Opened({"type": payload["type"], "content": inner}, trust, device_id, master)

    def _miss(self, source: dict[str, Any], room_id: str, content: dict[str, Any]) -> None:
        """Let nio see whether the sender's Olm session is broken, and repair it or ask for the key."""
        hints = {name: text(content.get(name)) for name in ("sender_key", "device_id")}
        with guarded("missing_key", event_id=text(source.get("event_id"))):
            event = MegolmEvent.from_dict({**source, "room_id": room_id, "content": {**content, **hints}})
            if isinstance(event, MegolmEvent):
                self.olm.check_if_wedged(event)


def _digest(raw: Any) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def _guard(olm: Olm) -> None:
    """Put guards where nio itself calls in (its own room_messages, keys_claim, keys_query, keys_upload)."""
    decrypt, share_keys = olm.decrypt_megolm_event, olm.share_keys
    query, claim = olm._handle_key_query, olm._handle_key_claiming

    def guarded_decrypt(event: Any, room_id: str | None = None) -> Any:
        result, refusal = None, EncryptionError("malformed")
        with guarded("megolm", event_id=getattr(event, "event_id", "")):
            try:
                result = decrypt(event, room_id)
            except EncryptionError as error:
                refusal = error
        if result is None:
            raise refusal
        return result

    def saved_share_keys() -> Any:
        # Saved before they are published: a crash between the two would leave keys on the homeserver whose
        # private halves are gone, and what is encrypted to them is lost.
        content = share_keys()
        olm.save_account()
        return content

    def each_user(response: KeysQueryResponse) -> None:
        changed: dict[str, Any] = {}
        for user_id, devices in response.device_keys.items():
            olm.users_for_key_query.discard(user_id)
            valid = {name: keys for name, keys in table(devices).items() if isinstance(keys, dict)}
            with guarded("device_keys", user=user_id):
                one = KeysQueryResponse({user_id: _whole_devices(user_id, valid)}, {})
                query(one)
                changed |= one.changed
            with guarded("device_keys", user=user_id):
                changed.setdefault(user_id, {}).update(_back(olm, user_id, valid))
        response.changed = changed

    def each_device(response: KeysClaimResponse) -> None:
        for user_id, devices in table(response.one_time_keys).items():
            for device_id, keys in table(devices).items():
                with guarded("claimed_key", user=user_id, device=device_id):
                    claim(SimpleNamespace(one_time_keys={user_id: {device_id: keys}}))

    replacements: dict[str, Callable[..., Any]] = {
        "decrypt_megolm_event": guarded_decrypt,
        "share_keys": saved_share_keys,
        "_handle_key_query": each_user,
        "_handle_key_claiming": each_device,
    }
    for name, function in replacements.items():
        setattr(olm, name, function)


def _back(olm: Olm, user_id: str, listed: dict[str, Any]) -> dict[str, Any]:
    """Devices that were missing from one answer and are listed again with their old keys.

    nio marks what an answer leaves out as deleted, and never takes that back: one answer that was short (a server
    that had lost its neighbour) would silence the device for good, in both directions.
    """
    back = {}
    for name, payload in listed.items():
        device = olm.device_store[user_id].get(name)
        keys = table(payload.get("keys"))
        if (
            device is not None
            and device.deleted
            and keys.get(f"ed25519:{name}") == device.ed25519
            and keys.get(f"curve25519:{name}") == device.curve25519
        ):
            device.deleted = False
            back[name] = device
    if back:
        olm.store.save_device_keys({user_id: back})
    return back


def _whole_devices(user_id: str, devices: dict[str, Any]) -> dict[str, Any]:
    """Devices whose keys nio can read without raising; one bad device must not hide its owner's good ones."""
    usable = {}
    for device_id, payload in devices.items():
        with guarded("device_keys", user=user_id, device=device_id):
            signature = payload["signatures"][user_id][f"ed25519:{device_id}"]
            vodozemac.Ed25519Signature.from_base64(signature)
            vodozemac.Ed25519PublicKey.from_base64(payload["keys"][f"ed25519:{device_id}"])
            vodozemac.Curve25519PublicKey.from_base64(payload["keys"][f"curve25519:{device_id}"])
            name = table(payload.get("unsigned")).get("device_display_name")
            usable[device_id] = {**payload, "unsigned": {"device_display_name": text(name)}}
    return usable
