"""A person's Matrix client, for the demo, the crash test and the benchmarks: says and hears, encrypted.

Deliberately built on nio alone, not on the bot's own session and sender, so that a mistake there cannot
hide from it. It verifies nobody and keeps its keys only as long as its folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import nio

T = TypeVar("T")
SYNC_MS = 10_000


class PersonError(Exception):
    """The homeserver refused what the person wanted to do."""


@dataclass(frozen=True)
class Seen:
    """A timeline event as this person reads it (decrypted); `type` is m.room.encrypted when it could not be."""

    room_id: str
    event_id: str
    sender: str
    type: str
    content: dict[str, Any]
    encrypted: bool
    seen_at: float
    """time.perf_counter() when it was read."""

    @property
    def body(self) -> str:
        """The text, for messages."""
        return str(self.content.get("body", ""))

    @property
    def relation(self) -> dict[str, Any]:
        """`m.relates_to`."""
        return dict(self.content.get("m.relates_to") or {})


class Person:
    """One signed-in client with its sync loop running in the background."""

    def __init__(self, url: str, user_id: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.user_id = user_id
        self.seen: list[Seen] = []
        self._client = nio.AsyncClient(
            url,
            user_id,
            store_path=str(folder),
            config=nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False, pickle_key="person"),
        )
        self._news = asyncio.Condition()
        self._known: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def token(self) -> str:
        """The access token, for calls of one's own."""
        return str(self._client.access_token)

    async def enter(self, password: str) -> None:
        """Sign in and start listening."""
        answer = await self._client.login(password, device_name="person")
        if not isinstance(answer, nio.LoginResponse):
            raise PersonError(f"{self.user_id} cannot sign in: {answer}")
        if self._client.should_upload_keys:
            await self._client.keys_upload()
        await self._sync(full_state=True, timeout=0)
        self._task = asyncio.create_task(self._listen())

    async def leave(self) -> None:
        """Stop listening and close."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._client.close()

    async def direct_room(self, other: str) -> str:
        """A new encrypted DM with `other`; returns its room id."""
        answer = await self._client.room_create(
            is_direct=True,
            invite=[other],
            preset=nio.RoomPreset.trusted_private_chat,
            initial_state=[nio.EnableEncryptionBuilder().as_dict()],
        )
        if not isinstance(answer, nio.RoomCreateResponse):
            raise PersonError(f"{self.user_id} cannot open a DM: {answer}")
        return str(answer.room_id)

    async def join(self, room: str) -> str:
        """Join by id or alias; returns the room id."""
        answer = await self._client.join(room)
        if not isinstance(answer, nio.JoinResponse):
            raise PersonError(f"{self.user_id} cannot join {room}: {answer}")
        return str(answer.room_id)

    async def wait_for_member(self, room_id: str, user_id: str, timeout: float = 60) -> None:
        """Until this client knows `user_id` as a joined member of the room, so that it is given the keys."""

        def joined() -> bool | None:
            room = self._client.rooms.get(room_id)
            return (room is not None and room.encrypted and user_id in room.users) or None

        await self._until(joined, timeout, f"{user_id} did not join {room_id}")
        members = await self._client.joined_members(room_id)
        if not isinstance(members, nio.JoinedMembersResponse) or user_id not in {m.user_id for m in members.members}:
            # `users` also holds the invited; ask again once the join arrives.
            await self._until(lambda: self._has_joined(room_id, user_id), timeout, f"{user_id} did not join {room_id}")

    def _has_joined(self, room_id: str, user_id: str) -> bool | None:
        room = self._client.rooms.get(room_id)
        return (room is not None and user_id in room.users and user_id not in room.invited_users) or None

    async def say(self, room_id: str, body: str, *, txn_id: str | None = None, **content: Any) -> str:
        """Send a text; returns the event id."""
        return await self.send(room_id, {"msgtype": "m.text", "body": body, **content}, txn_id=txn_id)

    async def say_aloud(
        self, room_id: str, note: Path, *, duration_ms: int, waveform: list[int], **content: Any
    ) -> str:
        """Send a voice message (MSC3245) with an encrypted attachment; returns the event id."""
        data = note.read_bytes()
        uploaded, keys = await self._client.upload(
            lambda *_: io.BytesIO(data), content_type="audio/ogg", filename=note.name, encrypt=True, filesize=len(data)
        )
        if not isinstance(uploaded, nio.UploadResponse):
            raise PersonError(f"{self.user_id} cannot upload: {uploaded}")
        return await self.send(
            room_id,
            {
                "msgtype": "m.audio",
                "body": "Voice message",
                "filename": note.name,
                "file": {**keys, "url": uploaded.content_uri},
                "info": {"duration": duration_ms, "mimetype": "audio/ogg", "size": len(data)},
                "org.matrix.msc1767.text": "Voice message",
                "org.matrix.msc1767.audio": {"duration": duration_ms, "waveform": waveform},
                "org.matrix.msc3245.voice": {},
                **content,
            },
        )

    async def edit(self, room_id: str, event_id: str, body: str) -> str:
        """Replace a text of one's own (client-server API, "Event replacements"); returns the edit's event id."""
        new = {"msgtype": "m.text", "body": body}
        relation = {"rel_type": "m.replace", "event_id": event_id}
        return await self.send(
            room_id, {"msgtype": "m.text", "body": f"* {body}", "m.new_content": new, "m.relates_to": relation}
        )

    async def take_back(self, room_id: str, event_id: str) -> None:
        """Redact a message of one's own."""
        answer = await self._client.room_redact(room_id, event_id)
        if not isinstance(answer, nio.RoomRedactResponse):
            raise PersonError(f"{self.user_id} cannot redact: {answer}")

    async def wait(self, found: Callable[[Seen], bool], timeout: float = 60, *, what: str = "event") -> Seen:
        """The first event, seen already or still to come, for which `found` is true. Raises TimeoutError."""
        return await self._until(
            lambda: next((event for event in self.seen if found(event)), None), timeout, f"no {what}"
        )

    async def news(self) -> None:
        """Until the next sync has been read."""
        async with self._news:
            await self._news.wait()

    async def _until(self, look: Callable[[], T | None], timeout: float, otherwise: str) -> T:
        try:
            async with asyncio.timeout(timeout), self._news:
                while (result := look()) is None:
                    await self._news.wait()
                return result
        except TimeoutError:
            raise TimeoutError(f"{self.user_id}: {otherwise} within {timeout:g} s") from None

    async def send(self, room_id: str, content: dict[str, Any], *, txn_id: str | None = None) -> str:
        """Send an m.room.message of any content, encrypted where the room is; returns the event id."""
        answer = await self._client.room_send(
            room_id, "m.room.message", content, tx_id=txn_id, ignore_unverified_devices=True
        )
        if not isinstance(answer, nio.RoomSendResponse):
            raise PersonError(f"{self.user_id} cannot send: {answer}")
        return str(answer.event_id)

    async def _listen(self) -> None:
        while True:
            if not await self._sync(timeout=SYNC_MS):
                await asyncio.sleep(0.5)

    async def _sync(self, *, timeout: int, full_state: bool = False) -> bool:
        answer = await self._client.sync(timeout=timeout, full_state=full_state)
        if not isinstance(answer, nio.SyncResponse):
            return False
        await self._housekeeping()
        async with self._news:
            for room_id, info in answer.rooms.join.items():
                for event in info.timeline.events:
                    self._note(room_id, event)
            self._news.notify_all()
        return True

    async def _housekeeping(self) -> None:
        steps: list[tuple[bool, Callable[[], Awaitable[Any]]]] = [
            (True, self._client.send_to_device_messages),
            (self._client.should_upload_keys, self._client.keys_upload),
            (self._client.should_query_keys, self._client.keys_query),
        ]
        for needed, step in steps:
            if needed:
                await step()

    def _note(self, room_id: str, event: Any) -> None:
        if event.event_id in self._known:
            return
        self._known.add(event.event_id)
        source = event.source
        self.seen.append(
            Seen(
                room_id,
                event.event_id,
                event.sender,
                str(source.get("type", "")),
                dict(source.get("content") or {}),
                bool(getattr(event, "decrypted", False)) or source.get("type") == "m.room.encrypted",
                time.perf_counter(),
            )
        )
