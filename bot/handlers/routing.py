"""Which handler an event belongs to, and why. Pure.

The bot speaks in DMs always; in rooms only on a mention, a reply to it, a report, a voice note, or a slot.
It never answers notices (that is how bots talk) or edits, so two bots cannot talk each other to death.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.bulletins import calls
from bot.bulletins.orders import asked as of_bulletins
from bot.event import IncomingEvent, Kind
from bot.incidents.inquiry import asked
from bot.moderation.codes import typed
from bot.outgoing import KEY_FIELD


class Way(StrEnum):
    """Where an event goes."""

    QUESTION = "question"
    ADDRESSED = "addressed"
    """A channel message that speaks to the bot: a report, a question, or both; `bot.handlers.addressing` tells."""
    VOICE_QUESTION = "voice_question"
    VOICE_NOTE = "voice_note"
    TEXT_REPORT = "text_report"
    """A channel message, or the words beside a photo or place there, that may be a report; the analysis decides."""
    FOLLOW_UP = "follow_up"
    """A reporter says more about their own report."""
    LOCATION = "location"
    """A place shared in a DM."""
    CHOICE = "choice"
    """A reaction in a DM to one of our answers; it may choose an option."""
    TICKET = "ticket"
    """A message of the operations room in the thread of a ticket."""
    TICKET_MARK = "ticket_mark"
    """A reaction there."""
    CARD = "card"
    """A message of the operations room in the thread of an incident's card, or a reply to it."""
    CARD_MARK = "card_mark"
    """A reaction to a card."""
    COMPLAINT = "complaint"
    """A reaction in a channel that complains about a message."""
    COMPLAINT_MARK = "complaint_mark"
    """A reaction to the card of a complaint, or to the word about many joins."""
    CARD_UNMARK = "card_unmark"
    """Something in the operations room was withdrawn: maybe a reaction to a card, or a message of a ticket."""
    WITHDRAWAL = "withdrawal"
    """Something in a channel was withdrawn: maybe a report."""
    REWORDING = "rewording"
    """An edit in a channel: maybe of a report."""
    AGENCY = "agency"
    """An answer or a reaction to a report that was passed on, in the agency's room."""
    CHANGE = "change"
    """An edit or redaction in a DM, of something that may have gone over to officers."""
    TICKET_CHANGE = "ticket_change"
    """An edit in the operations room, of something that may have gone over to a citizen."""
    ERASURE = "erasure"
    """Somebody asks that their data be erased; the consumer knows, since it may be an answer to our asking back."""
    WARNING = "warning"
    """A message of the operations room about a warning that waits for officers."""
    WARNING_MARK = "warning_mark"
    """A reaction to it."""
    CALL = "call"
    """`!siaran …`: an officer warns every channel."""
    CODE = "code"
    """Digits alone in the operations room: maybe the code of an order that waits for one."""
    SEARCH = "search"
    """`!cari …` in the operations room."""
    ORDER = "order"
    """An officer's `!bisukan …` and the like, or the code for it; `bot.handlers.commands` tells."""
    NOTES = "notes"
    """`!buletin …` in the operations room."""
    SUBSCRIPTION = "subscription"
    """`!buletin …` elsewhere."""
    PREVIEW = "preview"
    """A message of the operations room about a coming bulletin's card."""
    PREVIEW_MARK = "preview_mark"
    """A reaction to it."""
    ATTACHMENT = "attachment"
    """Something in a DM that we cannot read."""
    MEMBERSHIP = "membership"
    """Somebody comes into a channel, or is gone from it."""
    GROUP = "group"
    """An officer's reaction or word about a group that we were invited to."""
    SILENT = "silent"
    """Said in a room where no officer has let us listen."""
    INVITE = "invite"
    NOTHING = "nothing"


class RoomKind(StrEnum):
    """What a room is to us (`rooms.kind` in the store)."""

    SPACE = "space"
    CHANNEL = "channel"
    OPERATIONS = "operations"
    DIRECT = "direct"
    OTHER = "other"


MEMBER = "m.room.member"
_SAID = frozenset({Kind.TEXT, Kind.AUDIO, Kind.IMAGE, Kind.FILE, Kind.LOCATION})


@dataclass(frozen=True)
class Route:
    """The way and the reason that the audit and the logs name."""

    way: Way
    reason: str


def route(
    event: IncomingEvent, room: RoomKind, *, me: str, answers_us: bool, about: str | None = None, follows: bool = False,
    agency: bool = False, complains: bool = False, ordered: bool = False, confirms: bool = False,
) -> Route:  # fmt: skip
    """`answers_us`: the event replies to one of our own messages.

    `about`: the outbox key of our message that the event reacts to, stands in the thread of, or replies to.
    `follows`: its sender goes on about a report of their own.
    `agency`: the room is where reports are passed on to; what is said there is work, and no citizen's report.
    `complains`: its words are the sign by which members complain about a message.
    `ordered`: an officer orders something, or types the code for it.
    `confirms`: the message is the code that a broadcast or a warning waits for.
    """
    if event.type == MEMBER and room is RoomKind.CHANNEL and event.state_key not in (None, me) and not agency:
        return Route(Way.MEMBERSHIP, "a member event")
    if event.sender == me:
        return Route(Way.NOTHING, "own")
    if event.kind is Kind.INVITE:
        return Route(Way.INVITE, "invite")
    if event.kind is Kind.REDACTION and event.target is not None and event.state_key is None:
        return _withdrawal(room, direct=event.direct)
    if event.state_key is not None or (
        event.type != "m.room.message" and event.kind not in (Kind.REACTION, Kind.LOCATION)
    ):
        return Route(Way.NOTHING, f"type {event.type}")
    if event.kind is Kind.NOTICE:
        return Route(Way.NOTHING, "notice")
    if KEY_FIELD in event.content:
        # Our answers are no notices (phones should ring for them), so another Kentongan must know them otherwise.
        return Route(Way.NOTHING, "another bot")
    if room in (RoomKind.OTHER, RoomKind.DIRECT):
        # Whether a room is private is a matter of who is in it now, not of who was.
        room = RoomKind.DIRECT if event.direct else RoomKind.OTHER
    if confirms and room is RoomKind.OPERATIONS:
        return Route(Way.CODE, "the code of a broadcast")
    if event.kind is Kind.TEXT and calls.begins(event.body):
        # In a channel it is no report either; the answer says where such an order belongs.
        return Route(Way.CALL, f"an order to broadcast in a room of kind {room}")
    if ordered and event.kind is Kind.TEXT and room in (RoomKind.OPERATIONS, RoomKind.CHANNEL):
        return Route(Way.ORDER, "an officer's order")
    if about is not None and about.startswith("relay:") and (event.kind in _SAID or event.kind is Kind.REACTION):
        return Route(Way.AGENCY, "about a report that was passed on")
    if event.kind is Kind.REACTION:
        return _reaction(room, about, complains=complains)
    if event.kind is Kind.EDIT and room in (RoomKind.DIRECT, RoomKind.OPERATIONS):
        way = Way.CHANGE if room is RoomKind.DIRECT else Way.TICKET_CHANGE
        return Route(way, f"edit in a room of kind {room}")
    if event.kind is Kind.EDIT and room is RoomKind.CHANNEL and event.target is not None:
        return Route(Way.REWORDING, "edit in a channel")
    if event.kind is Kind.TEXT and of_bulletins(event.body) is not None:
        if room is RoomKind.OPERATIONS:
            return Route(Way.NOTES, "about notes for bulletins")
        if room in (RoomKind.DIRECT, RoomKind.CHANNEL):
            return Route(Way.SUBSCRIPTION, "about copies of bulletins")
    if follows and room in (RoomKind.CHANNEL, RoomKind.DIRECT) and event.kind in _SAID - {Kind.AUDIO}:
        return Route(Way.FOLLOW_UP, "further words about their report")
    if room is RoomKind.DIRECT:
        return _direct(event)
    if event.kind is Kind.TEXT and asked(event.body) is not None:
        if room is RoomKind.OPERATIONS:
            return Route(Way.SEARCH, "a search of the log")
        if room is RoomKind.CHANNEL:
            return Route(Way.NOTHING, "the log is searched in the operations room")
    if room is RoomKind.CHANNEL:
        return _channel(event, me, answers_us, agency=agency)
    if room is RoomKind.OPERATIONS and event.kind in _SAID and _of_ticket(about):
        return Route(Way.TICKET, "thread of a ticket")
    if room is RoomKind.OPERATIONS and event.kind in _SAID and _of_group(about):
        return Route(Way.GROUP, "about a group's card")
    if room is RoomKind.OPERATIONS and event.kind in _SAID and _of_preview(about):
        return Route(Way.PREVIEW, "about a coming bulletin")
    if room is RoomKind.OPERATIONS and event.kind is Kind.TEXT and _of_warning(about):
        return Route(Way.WARNING, "about a held warning")
    if room is RoomKind.OPERATIONS and event.kind in _SAID and _of_card(about):
        return Route(Way.CARD, "about a card")
    if room is RoomKind.OPERATIONS and event.kind is Kind.TEXT and typed(event.body) is not None:
        return Route(Way.CODE, "digits")
    if event.kind is Kind.TEXT and room in (RoomKind.OPERATIONS, RoomKind.OTHER):
        if _addressed(event, me):
            return Route(Way.QUESTION, f"mention in a room of kind {room}")
        if answers_us and room is RoomKind.OTHER:
            return Route(Way.QUESTION, "reply to us")
    return Route(Way.NOTHING, f"room {room}")


def _direct(event: IncomingEvent) -> Route:
    if event.kind is Kind.TEXT:
        return Route(Way.QUESTION, "direct")
    if event.kind is Kind.AUDIO:
        return Route(Way.VOICE_QUESTION, "direct")
    if event.kind is Kind.LOCATION:
        return Route(Way.LOCATION, "direct")
    if event.kind in (Kind.IMAGE, Kind.FILE):
        return Route(Way.ATTACHMENT, "direct")
    return Route(Way.NOTHING, f"kind {event.kind}")


def _reaction(room: RoomKind, about: str | None, *, complains: bool) -> Route:
    if room is RoomKind.DIRECT and about is not None and about.startswith("reply:"):
        return Route(Way.CHOICE, "reaction to our answer")
    if room is RoomKind.OPERATIONS and _of_group(about):
        return Route(Way.GROUP, "reaction to a group's card")
    if room is RoomKind.OPERATIONS and _of_ticket(about):
        return Route(Way.TICKET_MARK, "reaction in a ticket")
    if room is RoomKind.OPERATIONS and _of_warning(about):
        return Route(Way.WARNING_MARK, "reaction to a held warning")
    if room is RoomKind.OPERATIONS and _of_card(about):
        return Route(Way.CARD_MARK, "reaction to a card")
    if room is RoomKind.OPERATIONS and about is not None and about.startswith(("complaint:", "wave:")):
        return Route(Way.COMPLAINT_MARK, "reaction to a complaint's card")
    if room is RoomKind.CHANNEL and complains:
        return Route(Way.COMPLAINT, "complaint about a message")
    if room is RoomKind.OPERATIONS and _of_preview(about):
        return Route(Way.PREVIEW_MARK, "reaction to a coming bulletin")
    return Route(Way.NOTHING, f"kind {Kind.REACTION}")


def _withdrawal(room: RoomKind, *, direct: bool) -> Route:
    if room in (RoomKind.OTHER, RoomKind.DIRECT) and direct:
        return Route(Way.CHANGE, "withdrawn in a DM")
    if room is RoomKind.OPERATIONS:
        return Route(Way.CARD_UNMARK, "withdrawn in the operations room")
    way = Way.NOTHING if room is RoomKind.SPACE else Way.WITHDRAWAL
    return Route(way, f"withdrawn in a room of kind {room}")


def _of_card(about: str | None) -> bool:
    return about is not None and about.startswith(("card:", "card-audio:", "alarm:"))


def _of_group(about: str | None) -> bool:
    return about is not None and about.startswith("group:")


def _of_preview(about: str | None) -> bool:
    return about is not None and about.startswith("preview:")


def _of_warning(about: str | None) -> bool:
    return about is not None and about.startswith("warning-held:")


def _of_ticket(about: str | None) -> bool:
    return about is not None and about.startswith("ticket:")


def _channel(event: IncomingEvent, me: str, answers_us: bool, *, agency: bool) -> Route:
    if event.kind is Kind.AUDIO and not agency:
        return Route(Way.VOICE_NOTE, "voice note in a channel")
    if event.kind is Kind.TEXT:
        if _addressed(event, me) or answers_us:
            # In an agency's room people work on reports that were passed on, and make none.
            way = Way.QUESTION if agency else Way.ADDRESSED
            return Route(way, "mention" if _addressed(event, me) else "reply to us")
        if agency:
            return Route(Way.NOTHING, "room of an agency")
        return Route(Way.TEXT_REPORT, "message in a channel")
    if event.kind in (Kind.IMAGE, Kind.FILE, Kind.LOCATION) and not agency:
        return Route(Way.TEXT_REPORT, "photo or place in a channel")
    return Route(Way.NOTHING, f"kind {event.kind}")


def _addressed(event: IncomingEvent, me: str) -> bool:
    """Mentioned as the specification says, or by older clients' pill or plain user id."""
    if "m.mentions" in event.content:
        return me in event.mentions
    html = event.content.get("formatted_body")
    return me in event.body or (isinstance(html, str) and f"matrix.to/#/{me}" in html)
