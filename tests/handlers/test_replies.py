"""Where an answer hangs."""

from __future__ import annotations

from bot.event import IncomingEvent, Kind
from bot.handlers.replies import permalink, reply, threaded
from bot.markup import render


def event(**values: object) -> IncomingEvent:
    return IncomingEvent("$e", "!r", "@warga:batang.test", Kind.TEXT, 0, **values)  # type: ignore[arg-type]


def test_an_answer_replies_to_its_question_and_mentions_nobody() -> None:
    content = reply(event(), render("ya"))
    assert content["m.relates_to"] == {"m.in_reply_to": {"event_id": "$e"}}
    assert content["m.mentions"] == {}
    assert content["msgtype"] == "m.text"


def test_an_answer_stays_in_the_thread_that_it_was_asked_in() -> None:
    content = reply(event(thread_root="$root"), render("ya"), thread=True)
    assert content["m.relates_to"]["rel_type"] == "m.thread"
    assert content["m.relates_to"]["event_id"] == "$root"
    assert content["m.relates_to"]["m.in_reply_to"] == {"event_id": "$e"}


def test_a_note_gets_a_thread_of_its_own_and_a_silent_reply() -> None:
    content = reply(event(), render("ya"), notice=True, thread=True)
    assert content["m.relates_to"]["event_id"] == "$e"
    assert content["msgtype"] == "m.notice"


def test_a_thread_can_hang_under_an_event_still_to_be_sent() -> None:
    content = threaded("outbox:card:7", {"body": "x"})
    assert content["m.relates_to"]["event_id"] == "outbox:card:7"
    assert content["body"] == "x"


def test_links_survive_ids_with_slashes_and_no_server() -> None:
    link = permalink("!abc/def", "$x+y", "batang.test")
    assert link == "https://matrix.to/#/%21abc%2Fdef/%24x%2By?via=batang.test"
