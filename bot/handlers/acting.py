"""An order carried out: rows of acts, rows of the outbox, an audit row for each act, and a word to whom it hits.

The homeserver is asked later, by the sender; what it refuses comes back to the officer (`bot.handlers.moderation`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.handlers import lifting, publishing, restraint, sites, subscribing, switching, telling
from bot.handlers.desk import Desk
from bot.handlers.replying import Deed
from bot.handlers.sites import Site
from bot.handlers.telling import Cause
from bot.moderation import words
from bot.moderation.acl import covers
from bot.moderation.errand import Errand
from bot.moderation.rules import Texts
from bot.moderation.terms import spell
from bot.moderation.verbs import Verb
from bot.outgoing import Action, Outgoing, Priority
from bot.rooms.model import server_of
from bot.store import acts, outbox, roomstate, sayings

LASTING = {
    Verb.MUTE: "mute",
    Verb.BAN: "ban",
    Verb.BAN_SERVER: "server_ban",
    Verb.LOCK: "lock",
    Verb.SLOW: "slow",
}
"""Acts that hold until they are lifted; the others are over at once."""


@dataclass(frozen=True)
class Doing:
    """One errand on its way, of one officer."""

    connection: Connection
    desk: Desk
    errand: Errand
    officer: str
    role: str
    now: int
    code_id: str | None = None
    """Event id of the code that confirmed it."""

    @property
    def until(self) -> int | None:
        """When it ends, in milliseconds."""
        return self.errand.term.end(self.now) if self.errand.term is not None else None

    @property
    def kind(self) -> str:
        """Of a lasting act its kind, else ""."""
        return LASTING.get(self.errand.verb, "")

    def start(self, kind: str, site: Site, target: str, amount: int | None = None) -> int:
        """The act and its audit row; the act's number."""
        errand, lasting = self.errand, kind in LASTING.values()
        number = acts.start(
            self.connection, kind, target, room_id=site.room_id, by=self.officer, reason=errand.reason or None,
            event_id=errand.order_id, now=self.now, until=self.until if lasting else None, amount=amount,
        )  # fmt: skip
        if not lasting:
            acts.end(self.connection, number, self.officer, self.now)
        self.record(f"act.{kind}", site, target, number, amount)
        return number

    def record(self, what: str, site: Site, target: str, number: int | None, amount: int | None = None) -> None:
        """Who, what, on whom, where, why, until when, by which right, and how it is known that it was them."""
        errand = self.errand
        payload = {
            "act": number, "officer": self.officer, "role": self.role, "order": str(errand.verb), "target": target,
            "room": site.room_id, "channel": site.room.name, "until": self.until, "amount": amount,
            "reason": errand.reason, "device": errand.device, "key": errand.proof, "code": self.code_id,
        }  # fmt: skip
        self.desk.record(self.connection, what, errand.order_id, payload, self.now)

    def send(self, outgoing: Outgoing) -> None:
        """Into the outbox."""
        outbox.append(self.connection, outgoing, self.now)

    @property
    def texts(self) -> Texts:
        """What members are told."""
        return self.desk.content.moderation.texts

    def tell(
        self, site: Site, target: str, number: int, text: str, *, thread: bool = True, public: bool = False
    ) -> bool:
        """Tell whom it hits."""
        return telling.member(
            self.connection, self.desk, self._cause(site), target, number, text, self.now, thread=thread, public=public
        )

    def tell_channel(self, site: Site, what: int | str, text: str, *, pause: str = "", after: bool = False) -> None:
        """Tell everybody there."""
        cause = self._cause(site)
        telling.channel(self.connection, self.desk, cause, what, text, self.now, pause=pause, after=after)

    def _cause(self, site: Site) -> Cause:
        about = self.errand.about if self.errand.about_room == site.room_id else None
        return Cause(site.room_id, self.kind, self.until, self.errand.reason, about)

    def line(self, kind: str, site: Site, target: str = "", **more: object) -> str:
        """What was done, for officers."""
        why = words.WHY.format(reason=sites.literal(self.errand.reason.rstrip(" ."))) if self.errand.reason else ""
        return words.DONE[kind].format(
            who=f"**{sites.person(self.desk, target)}**" if target else "", room=site.room.title,
            until=sites.until(self.desk, self.until, self.now, kind), why=why, **more,
        )  # fmt: skip


def carry_out(doing: Doing, there: list[Site]) -> list[Deed]:
    """Do it in each of the channels; what was done, or why it was not, a line each."""
    whole = _WHOLE.get(doing.errand.verb)
    if whole is not None:
        return [whole(doing)]
    deed = _DEEDS[doing.errand.verb]
    targets = doing.errand.targets or ("",)
    return [deed(doing, site, target) for site in there for target in targets]


def standing(doing: Doing, kind: str, site: Site, target: str) -> str | None:
    """The line that says that it holds already; `None` when it does not."""
    held = acts.in_force(doing.connection, doing.now, kind=kind, room_id=site.room_id, target=target)
    if not held or (kind == "slow" and held[-1].amount != doing.errand.amount):
        return None
    by = words.BOT if held[-1].by == acts.KENTONGAN else sites.person(doing.desk, held[-1].by)
    return words.STANDS[kind].format(
        who=sites.person(doing.desk, target), room=site.room.title, by=by,
        until=sites.until(doing.desk, held[-1].until_at, doing.now, kind),
    )  # fmt: skip


def hit(doing: Doing, site: Site, server: str) -> list[str]:
    """Members of a channel who are on a server or on one that its glob means."""
    people = roomstate.joined(doing.connection, site.room_id)
    return [one for one in people if covers(server, server_of(one))]


def _warn(doing: Doing, site: Site, target: str) -> Deed:
    number = doing.start("warn", site, target)
    doing.tell(site, target, number, doing.texts.warned, public=True)
    return Deed(doing.line("warn", site, target))


def _mute(doing: Doing, site: Site, target: str) -> Deed:
    if (line := standing(doing, "mute", site, target)) is not None:
        return Deed(line, done=False)
    number = restraint.mute(
        doing.connection, site.room_id, target, by=doing.officer, reason=doing.errand.reason or None,
        event_id=doing.errand.order_id, until=doing.until, now=doing.now,
    )  # fmt: skip
    assert number is not None  # noqa: S101 - it does not stand
    doing.record("act.mute", site, target, number)
    told = doing.tell(site, target, number, doing.texts.muted)
    return Deed(doing.line("mute", site, target) + ("" if told else f" _{words.NOT_TOLD}_"))


def _kick(doing: Doing, site: Site, target: str) -> Deed:
    if site.found is None or site.found.membership(target) not in ("join", "invite", "knock"):
        return Deed(
            words.STANDS_NOT["kick"].format(who=sites.person(doing.desk, target), room=site.room.title), done=False
        )
    number = restraint.kick(
        doing.connection, site.room_id, target, by=doing.officer, reason=doing.errand.reason or None,
        event_id=doing.errand.order_id, now=doing.now,
    )  # fmt: skip
    doing.record("act.kick", site, target, number)
    return Deed(doing.line("kick", site, target))


def _ban(doing: Doing, site: Site, target: str) -> Deed:
    if (line := standing(doing, "ban", site, target)) is not None:
        return Deed(line, done=False)
    number = doing.start("ban", site, target)
    doing.tell(site, target, number, doing.texts.banned, thread=False)
    doing.send(lifting.membership(f"act:{number}:ban", site.room_id, Action.BAN, target, doing.errand.reason))
    _share(doing, "ban", target)
    return Deed(doing.line("ban", site, target))


def _ban_server(doing: Doing, site: Site, server: str) -> Deed:
    """First its people go, then the server: shut out, it would never hear that they are gone."""
    if (line := standing(doing, "server_ban", site, server)) is not None:
        return Deed(line, done=False)
    people = hit(doing, site, server)
    if not lifting.may_deny(doing.connection, doing.desk, site.room_id, server):
        return Deed(words.SHUTS_OUT_US.format(server=server_of(doing.desk.me)), done=False)
    number = doing.start("server_ban", site, server, len(people))
    for at, one in enumerate(people):
        key = f"act:{number}:kick:{at}"
        doing.send(lifting.membership(key, site.room_id, Action.KICK, one, doing.errand.reason))
    doing.send(lifting.servers(doing.connection, site.room_id, f"act:{number}:server_ban", doing.now))
    _share(doing, "server_ban", server)
    return Deed(doing.line("server_ban", site, server, count=len(people)))


def _share(doing: Doing, kind: str, target: str) -> None:
    """What holds in all channels is for the agencies to know."""
    if doing.errand.everywhere:
        publishing.publish(
            doing.connection, doing.desk, kind, target, reason=doing.errand.reason, by=doing.officer,
            cause=doing.errand.order_id, now=doing.now,
        )  # fmt: skip


def _redact(doing: Doing, site: Site, target: str) -> Deed:
    wanted = doing.errand.amount or 0
    going = sayings.last(doing.connection, site.room_id, target, wanted)
    stay = sayings.spared(doing.connection, site.room_id, target, going)
    spared = words.SPARED.format(count=stay) if stay else ""
    if not going:
        none = words.FOUND_NONE.format(who=sites.person(doing.desk, target), room=site.room.title)
        return Deed(none + spared, done=False)
    number = doing.start("redact", site, target, len(going))
    for event_id in sayings.with_edits(doing.connection, site.room_id, going):
        content = {"event_id": event_id} | ({"reason": doing.errand.reason} if doing.errand.reason else {})
        key = f"act:{number}:redact:{event_id}"
        redaction = Outgoing(key, site.room_id, content, action=Action.REDACTION, priority=Priority.CARD)
        doing.send(redaction)
    short = words.SHORT.format(wanted=wanted) if len(going) < wanted else ""
    return Deed(doing.line("redact", site, target, count=len(going), short=short) + spared)


def _slow(doing: Doing, site: Site, _: str) -> Deed:
    if (line := standing(doing, "slow", site, "")) is not None:
        return Deed(line, done=False)
    for earlier in acts.in_force(doing.connection, doing.now, kind="slow", room_id=site.room_id):
        acts.end(doing.connection, earlier.id, doing.officer, doing.now)
    pause = spell(doing.errand.amount or 0)
    number = doing.start("slow", site, "", doing.errand.amount)
    doing.tell_channel(site, number, doing.texts.slow, pause=pause)
    return Deed(doing.line("slow", site, pause=pause))


def _lock(doing: Doing, site: Site, _: str) -> Deed:
    if (line := standing(doing, "lock", site, "")) is not None or site.found is None:
        return Deed(line or "", done=False)
    number = doing.start("lock", site, "")
    doing.tell_channel(site, number, doing.texts.locked)
    doing.send(lifting.lock(site.found, f"act:{number}:lock"))
    return Deed(doing.line("lock", site))


def _follow(doing: Doing) -> Deed:
    return _listed(doing, subscribing.follow, following=True)


def _leave(doing: Doing) -> Deed:
    return _listed(doing, subscribing.unfollow, following=False)


def _listed(doing: Doing, act: Callable[..., str], *, following: bool) -> Deed:
    address = doing.errand.targets[0]
    why = subscribing.hindrance(doing.connection, address, following=following)
    if why is not None:
        return Deed(why, done=False)
    return Deed(act(doing.connection, doing.desk, address, by=doing.officer, now=doing.now))


def _lifted(kind: str, said: str) -> Callable[[Doing, Site, str], Deed]:
    def lift(doing: Doing, site: Site, target: str) -> Deed:
        held = acts.in_force(doing.connection, doing.now, kind=kind, room_id=site.room_id, target=target)
        if kind == "lock":  # "open" is meant of the door as well
            held += acts.in_force(doing.connection, doing.now, kind=lifting.CLOSE, room_id=site.room_id)
        for act in held:
            lifting.lift(doing.connection, doing.desk, act, doing.officer, doing.now)
        if not held:
            key = (
                f"order:{doing.errand.order_id}:{site.room.name}:{doing.errand.targets.index(target) if target else 0}"
            )
            found = lifting.bare(doing.connection, doing.desk, kind, target, site.room_id, key)
            if found is None:
                return Deed(
                    words.STANDS_NOT[kind].format(who=sites.person(doing.desk, target), room=site.room.title),
                    done=False,
                )
            doing.send(found)
        doing.record(f"act.{kind}.lifted", site, target, held[-1].id if held else None)
        text = {"lock": doing.texts.unlocked, "slow": doing.texts.slow_over}.get(kind)
        if text is not None:
            doing.tell_channel(site, f"{doing.errand.order_id}:{site.room.name}", text, after=True)
        return Deed(doing.line(said, site, target))

    return lift


_DEEDS: dict[Verb, Callable[[Doing, Site, str], Deed]] = {
    Verb.WARN: _warn,
    Verb.MUTE: _mute,
    Verb.UNMUTE: _lifted("mute", "unmute"),
    Verb.KICK: _kick,
    Verb.BAN: _ban,
    Verb.BAN_SERVER: _ban_server,
    Verb.UNBAN: _lifted("ban", "unban"),
    Verb.UNBAN_SERVER: _lifted("server_ban", "server_unban"),
    Verb.REDACT: _redact,
    Verb.SLOW: _slow,
    Verb.FAST: _lifted("slow", "fast"),
    Verb.LOCK: _lock,
    Verb.UNLOCK: _lifted("lock", "unlock"),
    Verb.PROTECT_OFF: switching.switch,
    Verb.PROTECT_ON: switching.switch,
}
_WHOLE: dict[Verb, Callable[[Doing], Deed]] = {Verb.LIST_FOLLOW: _follow, Verb.LIST_LEAVE: _leave}
"""What is done once, for all channels together."""
