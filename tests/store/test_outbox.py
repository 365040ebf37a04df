from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from bot.outgoing import Action, Outgoing, Priority, transaction_id
from bot.store import outbox, rewording
from bot.store.tables import outbox as table


def out(key: str, **fields: Any) -> Outgoing:
    return Outgoing(key, "!room", {"body": key}, **fields)


def test_one_cause_leads_to_one_row(engine: Engine) -> None:
    with engine.begin() as connection:
        assert outbox.append(connection, out("reply:$a"), 1)
        assert not outbox.append(connection, Outgoing("reply:$a", "!elsewhere", {"body": "other"}), 2)
        (row,) = outbox.pending(connection, 9)
        assert (row.room_id, row.content, row.created_at) == ("!room", {"body": "reply:$a"}, 1)
        assert row.txn_id == transaction_id("reply:$a")


def test_warnings_go_first_and_the_oldest_within_a_kind(engine: Engine) -> None:
    with engine.begin() as connection:
        for key, priority in (
            ("bulletin", Priority.BULLETIN), ("notice", Priority.NOTICE), ("reply 1", Priority.REPLY),
            ("card", Priority.CARD), ("reply 2", Priority.REPLY), ("warning", Priority.WARNING),
        ):  # fmt: skip
            outbox.append(connection, out(key, priority=priority), 1)
        order = [row.key for row in outbox.pending(connection, 1)]
        assert order == ["warning", "reply 1", "reply 2", "card", "notice", "bulletin"]
        assert [row.key for row in outbox.pending(connection, 1, limit=2)] == order[:2]


def test_a_row_waits_for_its_time(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("later", not_before=100), 1)
        outbox.append(connection, out("latest", not_before=200), 1)
        assert outbox.pending(connection, 99) == []
        assert outbox.next_due(connection, 99) == 100
        assert [row.key for row in outbox.pending(connection, 100)] == ["later"]
        assert outbox.next_due(connection, 100) == 200
        assert outbox.next_due(connection, 200) is None


def test_what_was_not_sent_in_its_time_is_not_sent_any_more(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("bulletin:pagi", not_after=100), 1)
        outbox.append(connection, out("bulletin:sore", not_after=300), 1)
        outbox.append(connection, out("bulletin:keeps"), 1)
        outbox.append(connection, out("warning:1", not_after=100), 1)
        assert len(outbox.pending(connection, 99)) == 4
        assert [row.key for row in outbox.pending(connection, 100)] == ["bulletin:sore", "bulletin:keeps"]
        assert [row.key for row in outbox.heads(connection, 100)] == ["bulletin:sore", "bulletin:keeps"]
        assert outbox.due(connection, 100) == (2, 1)
        assert [(one.key, one.room_id) for one in outbox.lapse(connection, 100, "bulletin:")] == [
            ("bulletin:pagi", "!room")
        ]
        assert outbox.lapse(connection, 100, "bulletin:") == []
        assert outbox.standings(connection, ["bulletin:pagi", "warning:1"]) == {
            "bulletin:pagi": ("cancelled", None), "warning:1": ("queued", None),
        }  # fmt: skip


def test_what_had_arrived_before_it_was_withdrawn_counts_as_sent(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("bulletin:pagi", not_after=100), 1)
        outbox.lapse(connection, 100, "bulletin:")
        assert outbox.sent(connection, transaction_id("bulletin:pagi"), "$event", 120)
        assert outbox.standings(connection, ["bulletin:pagi"]) == {"bulletin:pagi": ("sent", "$event")}


def test_a_sent_row_keeps_its_event_id_and_is_sent_once(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("a"), 1)
        assert outbox.sent(connection, transaction_id("a"), "$event", 5)
        assert not outbox.sent(connection, transaction_id("a"), "$another", 6)
        assert outbox.pending(connection, 9) == []
        assert outbox.event_id(connection, "a") == "$event"
        assert outbox.key_of(connection, "$event") == "a"
        assert outbox.ours(connection, "$event")
        assert not outbox.ours(connection, "$another")
        assert outbox.event_id(connection, "unknown") is None


def test_a_postponed_row_comes_back_later_and_counts_its_tries(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("a"), 1)
        row = outbox.pending(connection, 1)[0]
        outbox.postponed(connection, row.id, "503", 50)
        assert outbox.pending(connection, 49) == []
        assert outbox.pending(connection, 50)[0].attempts == 1


def test_a_row_given_up_is_not_tried_again(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("a"), 1)
        outbox.failed(connection, outbox.pending(connection, 1)[0].id, "M_FORBIDDEN " * 500, 5)
        assert outbox.pending(connection, 99) == []
        state, error = connection.execute(select(table.c.state, table.c.error)).one()
        assert (state, len(error)) == ("failed", 2000)


def test_a_withdrawn_row_is_not_sent_and_a_sent_one_cannot_be_withdrawn(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("a"), 1)
        outbox.append(connection, out("b"), 1)
        assert outbox.cancel(connection, "a")
        assert not outbox.cancel(connection, "a")
        outbox.sent(connection, transaction_id("b"), "$b", 2)
        assert not outbox.cancel(connection, "b")
        assert outbox.pending(connection, 9) == []


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_what_stands_in_the_room_was_sent_though_it_was_given_up_meanwhile(engine: Engine, how: str) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("a"), 1)
        row = outbox.pending(connection, 1)[0]
        if how == "cancelled":
            outbox.cancel(connection, "a")
        else:
            outbox.failed(connection, row.id, "timeout", 2)
        assert outbox.sent(connection, row.txn_id, "$a", 3)
        assert outbox.ours(connection, "$a")


def test_late_news_of_a_try_does_not_change_a_sent_row(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("a"), 1)
        row = outbox.pending(connection, 1)[0]
        outbox.sent(connection, row.txn_id, "$a", 2)
        outbox.postponed(connection, row.id, "timeout", 99)
        outbox.failed(connection, row.id, "timeout", 99)
        assert connection.execute(select(table.c.state, table.c.error, table.c.attempts)).one() == ("sent", None, 0)


def test_a_row_composed_anew_says_what_stands_in_the_room_and_nothing_erased_comes_back(
    engine: Engine,
) -> None:
    first, newer = {"body": "pagi"}, {"body": "pagi, terlambat"}
    with engine.begin() as connection:
        outbox.append(connection, out("a", not_after=9), 1)
        outbox.append(connection, out("b"), 1)
        rewording.renew(connection, "a", newer, 20)
        assert [row.content for row in outbox.pending(connection, 15) if row.key == "a"] == [newer]
        for key in ("a", "b"):
            outbox.sent(connection, transaction_id(key), f"${key}", 16)
            rewording.stands(connection, transaction_id(key), first)
        assert outbox.content(connection, "a") == first
        assert outbox.content(connection, "b") != first, "one that says one thing for ever"
        rewording.stands(connection, transaction_id("a"), {})  # redacted, or unreadable
        assert outbox.content(connection, "a") == first
        outbox.forget(connection, "a")
        rewording.stands(connection, transaction_id("a"), first)
        assert outbox.content(connection, "a") is None


def test_what_was_withdrawn_goes_out_after_all_as_the_same_transaction(engine: Engine) -> None:
    with engine.begin() as connection:
        outbox.append(connection, out("a", not_after=9), 1)
        assert not rewording.revive(connection, out("a", not_after=30)), "it is under way"
        outbox.withdraw(connection, "a")
        assert rewording.revive(connection, out("a", not_after=30))
        [row] = outbox.pending(connection, 20)
        assert (row.txn_id, row.created_at) == (transaction_id("a"), 1)


def test_depth_counts_what_waits_and_names_the_oldest(engine: Engine) -> None:
    with engine.begin() as connection:
        assert outbox.depth(connection) == (0, None)
        outbox.append(connection, out("a"), 7)
        outbox.append(connection, out("b"), 8)
        assert outbox.depth(connection) == (2, 7)
        outbox.sent(connection, transaction_id("a"), "$a", 9)
        assert outbox.depth(connection) == (1, 8)


def test_every_field_of_an_outgoing_survives_the_table(engine: Engine) -> None:
    given = Outgoing(
        "leave:!r",
        "!r",
        {"a": ["é", None]},
        Action.LEAVE,
        "m.reaction",
        Priority.CARD,
        not_before=3,
        upload="/tmp/x.ogg",
    )
    with engine.begin() as connection:
        outbox.append(connection, given, 1)
        (row,) = outbox.pending(connection, 3)
    assert (row.action, row.type, row.content, row.upload, row.priority) == (
        Action.LEAVE, "m.reaction", {"a": ["é", None]}, "/tmp/x.ogg", 2,
    )  # fmt: skip
