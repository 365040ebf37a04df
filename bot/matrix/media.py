"""Attachments in and out: never more bytes than allowed, never a token in a URL, nothing unproven left on disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import uuid4

import aiohttp
import structlog
import unpaddedbase64
from Crypto.Cipher import AES
from Crypto.Util import Counter
from nio.crypto.attachments import encrypt_attachment

from bot.event import Media
from bot.matrix.api import ApiError, HomeserverApi, Unreachable
from bot.matrix.events import table

log = structlog.get_logger()

CHUNK = 64 * 1024
TOTAL_SECONDS = 180
SILENT_SECONDS = 30
"""Without a byte for this long the download ends."""
REMOTE_MS = 20_000
"""How long our homeserver may wait for the sender's."""

_MXC = re.compile(r"mxc://([A-Za-z0-9\[][A-Za-z0-9.:\-\[\]]{0,254})/([A-Za-z0-9_\-=]{1,255})")


class MediaTooLarge(Exception):
    """More bytes than allowed, claimed or sent."""


class MediaGone(Exception):
    """Not there (any more), not for us, or no address at all."""


class MediaTampered(Exception):
    """Not what the sender encrypted: hash or key do not fit."""


class Downloaded(NamedTuple):
    """An attachment on disk."""

    sha256: str
    """Of the (decrypted) file, hex."""
    size: int
    """Bytes."""


async def download(api: HomeserverApi, item: Media, target: Path, *, max_bytes: int) -> Downloaded:
    """Fetch an attachment, decrypted where it is encrypted, to `target`.

    `target` appears whole and with its hash checked, or not at all. Raises MediaTooLarge, MediaGone and
    MediaTampered, which are final; Unreachable and ApiError (429, 5xx) when another try may help.
    """
    if item.size is not None and item.size > max_bytes:
        raise MediaTooLarge(f"said to have {item.size} bytes; {max_bytes} are allowed")
    decryption = _Decryption(item.file) if item.file is not None else None
    server, name = _address(item)
    half = target.with_name(f".{target.name}.{uuid4().hex}.part")
    try:
        try:
            await _fetch(api, f"/_matrix/client/v1/media/download/{server}/{name}", half, decryption, max_bytes)
        except ApiError as error:
            if error.errcode != "M_UNRECOGNIZED":
                raise
            # A homeserver from before authenticated media (Matrix 1.11).
            where = f"/_matrix/media/v3/download/{server}/{name}"
            await _fetch(api, where, half, decryption and _Decryption(item.file), max_bytes)
        result = await asyncio.to_thread(_settle, half, target)
    except ApiError as error:
        raise _final(error) or error from None
    finally:
        half.unlink(missing_ok=True)
    return result


async def upload(api: HomeserverApi, data: bytes, mimetype: str, *, filename: str = "") -> str:
    """Store bytes on the homeserver; their mxc URI. Raises ApiError and Unreachable."""
    where = "/_matrix/media/v3/upload" + (f"?{urlencode({'filename': filename})}" if filename else "")
    timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS)
    try:
        async with api.open("POST", where, data=data, headers={"Content-Type": mimetype}, timeout=timeout) as response:
            answer = await api.answer(response)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise Unreachable(f"{api.url} takes no upload: {error!r}") from None
    uri = answer.get("content_uri")
    if not isinstance(uri, str) or not _MXC.fullmatch(uri):
        raise Unreachable(f"{api.url} answers an upload without an address")
    return uri


async def attach(api: HomeserverApi, file: Path, content: dict[str, Any], *, encrypted: bool) -> dict[str, Any]:
    """`content` with the uploaded file in it: `url` in clear rooms, `file` (EncryptedFile) in encrypted ones.

    Raises OSError when the file cannot be read, else as `upload`.
    """
    data = await asyncio.to_thread(file.read_bytes)
    info = {"size": len(data), **table(content.get("info"))}
    name = content.get("filename") or content.get("body") or file.name
    if not encrypted:
        mimetype = str(info.get("mimetype") or "application/octet-stream")
        return {**content, "info": info, "url": await upload(api, data, mimetype, filename=str(name))}
    ciphertext, keys = await asyncio.to_thread(encrypt_attachment, data)
    # Neither type nor name of the file is the homeserver's business.
    uri = await upload(api, ciphertext, "application/octet-stream")
    return {**content, "info": info, "file": {**keys, "url": uri}}


class _Decryption:
    """AES-CTR with the ciphertext's hash kept along the way (client-server API, "Sending encrypted attachments")."""

    def __init__(self, file: dict[str, Any] | None) -> None:
        file = table(file)
        key, hashes = table(file.get("key")), table(file.get("hashes"))
        try:
            if file.get("v") != "v2" or key.get("alg") != "A256CTR":
                raise ValueError("neither v2 nor A256CTR")
            secret = unpaddedbase64.decode_base64(str(key["k"]))
            iv = unpaddedbase64.decode_base64(str(file["iv"]))
            self._expected = unpaddedbase64.decode_base64(str(hashes["sha256"]))
            if len(secret) != 32 or len(iv) != 16 or len(self._expected) != 32:
                raise ValueError("lengths")
            counter = Counter.new(64, prefix=iv[:8], initial_value=int.from_bytes(iv[8:], "big"))
            self._cipher = AES.new(secret, AES.MODE_CTR, counter=counter)
        except (KeyError, ValueError) as error:
            raise MediaTampered(f"the key of the attachment is malformed: {type(error).__name__}") from None
        self._hash = hashlib.sha256()

    def update(self, chunk: bytes) -> bytes:
        self._hash.update(chunk)
        return self._cipher.decrypt(chunk)

    def check(self) -> None:
        if self._hash.digest() != self._expected:
            raise MediaTampered("the attachment is not the one that was sent: its hash differs")


def _address(item: Media) -> tuple[str, str]:
    uri = table(item.file).get("url") if item.file is not None else item.url
    match = _MXC.fullmatch(uri) if isinstance(uri, str) else None
    if match is None:
        raise MediaGone("the attachment has no mxc:// address")
    return quote(match[1], safe=""), match[2]


async def _fetch(api: HomeserverApi, where: str, half: Path, decryption: _Decryption | None, max_bytes: int) -> None:
    timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=SILENT_SECONDS, sock_read=SILENT_SECONDS)
    try:
        async with api.open("GET", where, params={"timeout_ms": str(REMOTE_MS)}, timeout=timeout) as response:
            if response.status >= 400:
                await api.answer(response)
            if response.content_length is not None and response.content_length > max_bytes:
                raise MediaTooLarge(f"has {response.content_length} bytes; {max_bytes} are allowed")
            await _save(response, half, decryption.update if decryption else bytes, max_bytes)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unreachable(f"{api.url} did not deliver an attachment: {type(error).__name__}") from None
    if decryption is not None:
        decryption.check()


async def _save(
    response: aiohttp.ClientResponse, half: Path, convert: Callable[[bytes], bytes], max_bytes: int
) -> None:
    size = 0
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        async for chunk in response.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > max_bytes:
                raise MediaTooLarge(f"more than the {max_bytes} bytes allowed came")
            handle.write(convert(chunk))


def _settle(half: Path, target: Path) -> Downloaded:
    with half.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        size = handle.tell()
        os.fsync(handle.fileno())
    half.replace(target)
    return Downloaded(digest, size)


def _final(error: ApiError) -> Exception | None:
    """What a refusal means for good; `None` when another try may help."""
    if error.errcode == "M_TOO_LARGE" or error.status == 413:
        return MediaTooLarge(f"the homeserver will not deliver it: {error.errcode}")
    if error.status in (400, 403, 404, 410) and "errcode" in error.body:
        return MediaGone(f"{error.status} {error.errcode}")
    return None
