"""Orders with `!`: read, proven, judged, and then carried out or made to wait for their code.

Whatever is not sure does nothing and says so. An officer may order in the operations room, naming the channel, or in
the channel itself; what is on record about people is only ever told in the operations room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import acting, complaintcards, confirming, records, sites, subscribing, switching, trials
from bot.handlers.acting import Doing
from bot.handlers.desk import Desk
from bot.handlers.exempt import why_exempt
from bot.handlers.officers import by_officer
from bot.handlers.proof import prove
from bot.handlers.replying import Reply
from bot.handlers.routing import RoomKind
from bot.handlers.sites import Site
from bot.incidents import orders as card_orders
from bot.markup import escape
from bot.moderation import help as helping
from bot.moderation import words
from bot.moderation.acl import covers
from bot.moderation.authority import Refusal, Why, judge, judge_target, may
from bot.moderation.errand import Errand, needs_code
from bot.moderation.orders import EVERYWHERE, Order, Place, Slip
from bot.moderation.pills import with_addresses
from bot.moderation.protectionwords import BY_WORD
from bot.moderation.reading import read
from bot.moderation.terms import Term, spell
from bot.moderation.verbs import MENDING, NEEDS, Right, Verb
from bot.rooms.model import Officer
from bot.store import changes, inbox, rooms
from bot.store.complaints import Complaint

_MINUTE = 60_000


def concerns(
    connection: Connection, event: IncomingEvent, desk: Desk, kind: RoomKind, about: str | None, now: int
) -> bool:
    """Whether a message is an order, a slip of one, or the code for one.

    In a channel only officers' are: a citizen's "!tolong" may be a report. Under a card its own orders come first.
    """
    if event.kind is not Kind.TEXT or kind not in (RoomKind.OPERATIONS, RoomKind.CHANNEL):
        return False
    if not by_officer(desk, event) and (kind is RoomKind.CHANNEL or not event.body.lstrip().startswith("!")):
        return False
    if confirming.concerns(connection, event, desk, now):
        return True
    if about is not None and about.startswith(("card", "alarm:")) and card_orders.read(event.body) is not None:
        return False
    return _read(connection, event, desk, complaintcards.concerned(connection, about), now) is not None


def ordered(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """An order, a slip, or a code."""
    reply = Reply(connection, desk, event, now)
    officer = desk.content.rooms.officer(event.sender, desk.config.homeserver.server_name)
    officer = officer if by_officer(desk, event) else None
    if officer is not None and confirming.concerns(connection, event, desk, now):
        errand = confirming.answered(connection, event, desk, now)
        if errand is not None:
            _Given(reply, officer, Order(errand.verb)).confirmed(errand)
        return
    complaint = complaintcards.concerned(connection, about)
    order = _read(connection, event, desk, complaint, now)
    if order is None:
        return
    if officer is None:
        reply.refuse(Refusal(Why.NOT_AN_OFFICER))
        return
    if isinstance(order, Slip):
        reply.say(helping.slip(order, _channels(connection, desk), inside=reply.inside))
        desk.record(connection, "order.slip", event.event_id, {"officer": event.sender, "fault": order.fault}, now)
        return
    _Given(reply, officer, order, complaint).obey()


def _read(
    connection: Connection, event: IncomingEvent, desk: Desk, complaint: Complaint | None, now: int
) -> Order | Slip | None:
    """Under the card of a complaint an order is about whom it is about, and where."""
    room = desk.room(connection, complaint.room_id if complaint is not None else event.room_id)
    place = Place(
        server=desk.config.homeserver.server_name,
        channels=sites.spoken(desk, connection),
        now=datetime.fromtimestamp(now / 1000, UTC).astimezone(desk.config.zone),
        here=room.name if room is not None and room.kind == "channel" else None,
        protections=BY_WORD,
        replies=event.reply_to is not None or complaint is not None,
        unsigned=complaint is not None,
    )
    return read(with_addresses(event.body, event.content.get("formatted_body")), place)


def _channels(connection: Connection, desk: Desk) -> list[str]:
    made: Mapping[str, object] = rooms.named(connection)
    return [room.name for room in desk.content.rooms.channels if room.name in made]


@dataclass(frozen=True)
class _Given:
    """An officer's order on its way."""

    reply: Reply
    officer: Officer
    order: Order
    complaint: Complaint | None = None
    """Under whose card it was given."""

    @property
    def here(self) -> str:
        """The room that is meant where none is named."""
        return self.complaint.room_id if self.complaint is not None else self.reply.event.room_id

    def obey(self) -> None:
        """Do it, make it wait, or say why not."""
        reply, verb = self.reply, self.order.verb
        connection, desk, event, now = reply.connection, reply.desk, reply.event, reply.now
        if verb is Verb.HELP:
            channel = next(iter(_channels(connection, desk)), "KANAL")
            rights = desk.content.moderation.rights(self.officer.role, self.officer.power)
            topic = self.order.topic
            known = helping.about(topic, channel, inside=reply.inside) if topic is not None else None
            reply.say(known or helping.overview(rights, channel))
            return
        if verb is Verb.CANCEL:
            cancelled = confirming.cancel(connection, event, desk, now)
            reply.say(words.CANCELLED if cancelled else words.NOTHING_TO_CANCEL)
            return
        right = NEEDS[verb].right
        if right is not None and (no := may(self.officer, right, desk.content.moderation)) is not None:
            reply.refuse(no)
            return
        targets = self._targets()
        if targets is None:
            reply.say(words.NO_REPLY.format(verb=verb))
            return
        if verb in (Verb.LIST, Verb.PERSON):  # changes nothing, and is told in the operations room alone
            here = sites.names(connection, desk, self.order.room, self.here)
            records.show(reply, targets[0] if targets else None, here)
            return
        if verb is Verb.PROTECTIONS:
            here = sites.names(connection, desk, self.order.room, self.here)
            reply.privately(switching.overview(connection, desk, here, now))
            return
        if verb is Verb.LISTS:
            reply.privately(subscribing.overview(connection, desk))
            return
        doubt = self._doubt()
        if doubt is not None:
            reply.say(doubt)
            return
        self._settle(targets)

    def confirmed(self, errand: Errand) -> None:
        """The code was right: everything is judged once more, since rooms and files may have changed meanwhile."""
        if errand.verb is Verb.VOUCH:
            no = may(self.officer, Right.VOUCH, self.reply.desk.content.moderation)
            if no is not None:
                self.reply.refuse(no)
            else:
                records.vouched(self.reply, errand)
            return
        there = self._sites(errand)
        if there is not None and self._spares(errand, there):
            self._do(errand, there)

    def _settle(self, targets: tuple[str, ...]) -> None:
        order, reply = self.order, self.reply
        connection, desk, event, now = reply.connection, reply.desk, reply.event, reply.now
        everywhere = order.room == EVERYWHERE or NEEDS[order.verb].address
        named = sites.names(connection, desk, EVERYWHERE if everywhere else order.room, self.here)
        about, about_room = event.reply_to, event.room_id if event.reply_to else None
        if self.complaint is not None:
            about, about_room = self.complaint.event_id, self.complaint.room_id
        errand = Errand(
            order.verb, event.event_id, targets, named, amount=order.amount, reason=order.reason, about=about,
            about_room=about_room, proof=event.master_key or "", device=event.device_id, everywhere=everywhere,
        )  # fmt: skip
        if NEEDS[order.verb].address and not self._reaches(errand):
            return
        if order.verb is Verb.REMARK:
            records.remark(reply, errand, trial=order.trial)
            return
        if order.verb is Verb.VOUCH:
            records.vouch(reply, errand, trial=order.trial)
            return
        if NEEDS[order.verb].term:
            term = self._term(order.term)
            if term is None:
                return
            errand = replace(errand, term=term)
        there = self._sites(errand)
        if there is None or not self._spares(errand, there):
            return
        rules = desk.content.moderation
        coded = needs_code(errand, people=rules.unasked.people, messages=rules.unasked.messages)
        doing = Doing(connection, desk, errand, event.sender, self.officer.role, now)
        if order.trial:
            what = trials.foretold(doing, there) + (words.TRIAL_CODE if coded else "")
            reply.discreetly(words.TRIAL.format(what=what))
        elif coded and not trials.idle(doing, there):
            confirming.ask(reply, errand, trials.foretold(doing, there))
        else:
            self._do(errand, there)

    def _do(self, errand: Errand, there: list[Site]) -> None:
        reply = self.reply
        code = reply.event.event_id if reply.event.event_id != errand.order_id else None
        doing = Doing(reply.connection, reply.desk, errand, reply.event.sender, self.officer.role, reply.now, code)
        if reply.done(acting.carry_out(doing, there)) and code is not None:
            self._sign(errand)
        complaintcards.ordered(reply.connection, reply.desk, errand, reply.event, reply.now)

    def _sign(self, errand: Errand) -> None:
        """An order from a channel was confirmed in the operations room: its sign stands where it was given."""
        order = inbox.event(self.reply.connection, errand.order_id)
        if order is not None and replace(self.reply, event=order).inside:
            self.reply.sign(order)

    def _reaches(self, errand: Errand) -> bool:
        """Whether an order about a policy list goes on; looking at one is done here, since it touches no channel."""
        reply, address = self.reply, errand.targets[0]
        connection, desk, event, now = reply.connection, reply.desk, reply.event, reply.now
        if errand.verb is Verb.LIST_LOOK:
            looked = subscribing.would_look if self.order.trial else subscribing.preview
            reply.privately(looked(connection, desk, address, by=event.sender, now=now))
            return False
        why = subscribing.hindrance(connection, address, following=errand.verb is Verb.LIST_FOLLOW)
        if why is not None:
            reply.discreetly(f"{why} {words.TAIL}")
        return why is None

    def _targets(self) -> tuple[str, ...] | None:
        """Whom it is about; `None` when the message that stands for them is not known."""
        if self.order.targets or not NEEDS[self.order.verb].person:
            return self.order.targets
        if self.complaint is not None:
            return (self.complaint.user_id,)
        event = inbox.event(self.reply.connection, self.reply.event.reply_to or "")
        if event is None or event.room_id != self.reply.event.room_id:
            return None
        return (event.sender,)

    def _doubt(self) -> str | None:
        """Why it is not carried out, whoever gave it: not surely theirs, too old, or not what they sent at first."""
        reply, desk = self.reply, self.reply.desk
        event, now = reply.event, reply.now
        minutes = (now - event.sent_at) // _MINUTE
        if minutes >= desk.content.moderation.late_minutes:
            return words.LATE.format(minutes=minutes)
        if (latest := changes.latest(reply.connection, event)) is None or latest.body != event.body:
            return words.EDITED
        doubt = prove(reply.connection, event, desk, now)
        if doubt is None:
            return None
        payload = {"officer": event.sender, "order": str(self.order.verb), "doubt": str(doubt)}
        desk.record(reply.connection, "order.unproven", event.event_id, payload, now)
        return f"{confirming.unproven(desk, event, doubt)} {words.TAIL}"

    def _term(self, written: Term | None) -> Term | None:
        rules, right, now = self.reply.desk.content.moderation, NEEDS[self.order.verb].right, self.reply.now
        assert right is not None  # noqa: S101 - every act has one
        span = rules.lengths.of(right)
        usual = span.seconds(span.usual) if self.order.verb is not Verb.PROTECT_ON else None
        term = written or (Term(seconds=usual) if usual is not None else Term(endless=True))
        most, length = span.seconds(span.most), term.length(now)
        if most is not None and (length is None or length > most):
            self.reply.say(words.TOO_LONG.format(most=spell(most), verb=self.order.verb))
            return None
        return term

    def _sites(self, errand: Errand) -> list[Site] | None:
        """The channels, where everything that is asked for is allowed; `None` after saying why not."""
        reply, right = self.reply, NEEDS[errand.verb].right
        connection, desk, sender = reply.connection, reply.desk, reply.event.sender
        assert right is not None  # noqa: S101 - every act has one
        people = tuple(one for one in errand.targets if one.startswith("@"))
        there: list[Site] = []
        for name in errand.rooms:
            site = sites.site(connection, desk, name, (sender, desk.me, *people))
            if site is None:
                room = desk.content.rooms.by_name(name)
                reply.refuse(Refusal(Why.ROOM_UNKNOWN, room.title if room else name))
                return None
            refusal = judge(self.officer, sender, right, desk.content.moderation, site.room, site.found, me=desk.me)
            if site.found is not None and errand.verb not in MENDING:
                for target in people:
                    refusal = refusal or judge_target(
                        sender, target, site.room, site.found, why_exempt(desk), me=desk.me
                    )
            if refusal is not None:
                reply.refuse(refusal)
                return None
            there.append(site)
        if not there:
            reply.say(words.NO_CHANNELS)
            return None
        return there

    def _spares(self, errand: Errand, there: list[Site]) -> bool:
        """Whether a ban of servers leaves out those that have to stay: ours always, an agency's unless it is named."""
        if errand.verb is not Verb.BAN_SERVER:
            return True
        desk = self.reply.desk
        own = desk.config.homeserver.server_name
        for glob in errand.targets:
            if covers(glob, own):
                self.reply.say(words.SHUTS_OUT_US.format(server=own))
                return False
            for agency in desk.content.agencies.all:
                hit = next((one for one in agency.servers if covers(glob, one) and glob != one.lower()), None)
                if hit is not None:
                    self.reply.say(words.SHUTS_OUT_AGENCY.format(agency=escape(agency.title), server=hit))
                    return False
        return True
