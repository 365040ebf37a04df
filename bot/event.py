"""What came in from a room, in our own words: the value every handler reads.

The Matrix layer turns each timeline event into one `IncomingEvent`; the inbox stores it as JSON; nothing
past that point knows the protocol library. Field names that name wire fields keep Matrix's spelling.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

LAST_MS = 253_402_300_799_000
"""31 December 9999: the last second that a datetime can hold."""


class Kind(StrEnum):
    """What sort of event it is."""

    TEXT = "text"
    """`m.room.message` with msgtype m.text or m.emote."""
    NOTICE = "notice"
    """msgtype m.notice: bots' talk; never answered (spec: client-server API, m.notice)."""
    AUDIO = "audio"
    """msgtype m.audio, voice message (MSC3245) or plain."""
    IMAGE = "image"
    FILE = "file"
    """m.file, m.video and other attachments."""
    LOCATION = "location"
    REACTION = "reaction"
    REDACTION = "redaction"
    EDIT = "edit"
    """An `m.replace` of an earlier message; `target` is the edited event."""
    INVITE = "invite"
    """Somebody invited us; `room_id` is the room, `sender` the inviter."""
    MEMBER = "member"
    STATE = "state"
    """Any other state event."""
    UNREADABLE = "unreadable"
    """Encrypted and (so far) not decryptable, or malformed."""
    OTHER = "other"


class Trust(StrEnum):
    """How surely the event comes from its `sender` (shared rules: point 11 of the Matrix notes)."""

    CLEAR = "clear"
    """Unencrypted: the homeserver's word only."""
    UNPROVEN = "unproven"
    """Encrypted, but the Megolm session is not tied to a known device of the sender, or the inner room differs."""
    DEVICE = "device"
    """Encrypted by a known device of the sender, keys and inner room matching."""


@dataclass(frozen=True)
class Media:
    """An attachment as the event describes it. Sizes and durations are the sender's claim, never trusted."""

    url: str
    """mxc:// URI (of the ciphertext when `file` is set)."""
    mimetype: str = ""
    size: int | None = None
    """Bytes."""
    duration_ms: int | None = None
    filename: str = ""
    voice: bool = False
    """MSC3245 push-to-talk note."""
    file: dict[str, Any] | None = None
    """EncryptedFile `{url,key,iv,hashes,v}` (client-server API, "Sending encrypted attachments")."""
    waveform: tuple[int, ...] = ()


@dataclass(frozen=True)
class IncomingEvent:
    """One event of a room's timeline, decrypted where possible."""

    event_id: str
    room_id: str
    sender: str
    kind: Kind
    sent_at: int
    """Milliseconds since the epoch, UTC: origin_server_ts as far as it can be believed (`bot.matrix.clocks`), so that
    in the inbox it is never after the event came."""
    trust: Trust = Trust.CLEAR
    device_id: str | None = None
    master_key: str | None = None
    """Public cross-signing master key under which the sender has signed that device; `None`: the device is unsigned."""
    type: str = "m.room.message"
    body: str = ""
    """Text without the reply fallback; for reactions the key, for redactions the reason."""
    content: dict[str, Any] = field(default_factory=dict)
    """The (decrypted) content as received."""
    state_key: str | None = None
    thread_root: str | None = None
    reply_to: str | None = None
    """Event replied to, `None` for the fallback reply inside a thread."""
    target: str | None = None
    """Event that a reaction, redaction or edit is about."""
    mentions: tuple[str, ...] = ()
    """User ids in `m.mentions.user_ids`."""
    mentions_room: bool = False
    media: Media | None = None
    direct: bool = False
    """The room holds us and exactly one other person (joined or invited)."""
    encrypted_room: bool = False
    backfilled: bool = False
    """Fetched to fill a gap rather than seen live."""

    @property
    def when(self) -> datetime:
        """`sent_at` as an aware UTC time; a claim past the year 9999 counts as its last second."""
        return datetime.fromtimestamp(min(self.sent_at, LAST_MS) / 1000, UTC)

    @property
    def words(self) -> str:
        """What its sender wrote: of an attachment the caption (client-server API, "Media captions"), no file's name."""
        if self.media is not None and self.body == self.media.filename:
            return ""
        return self.body

    def as_kept(self) -> IncomingEvent:
        """As the log keeps it: a photo or file stays where it was sent, so neither its address nor its key."""
        return replace(self, media=None) if self.kind in (Kind.IMAGE, Kind.FILE) else self

    def to_json(self) -> dict[str, Any]:
        """As stored in the inbox."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> IncomingEvent:
        """Inverse of `to_json`."""
        data = dict(row)
        data["kind"] = Kind(data["kind"])
        data["trust"] = Trust(data["trust"])
        data["mentions"] = tuple(data["mentions"])
        if data.get("media"):
            media = dict(data["media"])
            media["waveform"] = tuple(media.get("waveform") or ())
            data["media"] = Media(**media)
        return cls(**data)
