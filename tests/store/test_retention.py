from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from bot.config import Retention
from bot.event import IncomingEvent, Kind, Media
from bot.outgoing import Outgoing, transaction_id
from bot.store import inbox, outbox, retention
from bot.store.audit import ERASED, Auditor, about
from bot.store.night import Erased, Night
from bot.store.retention import DAY_MS
from bot.store.tables import audit, audit_payloads, conversations, transmissions
from bot.store.tables import inbox as inbox_table
from bot.store.tables import outbox as outbox_table

AUDITOR = Auditor(b"k" * 32)
NOW = 1_000 * DAY_MS
OLD = NOW - 91 * DAY_MS
YOUNG = NOW - 89 * DAY_MS
SECRET = "nama saya siti dari desa sembung"


def purge(connection: Connection, folder: Path) -> Erased:
    """A whole night."""
    night = Night(AUDITOR, Retention(), folder, version="v", now=NOW)
    while night.go_on(connection):
        pass
    named = retention.named_files(connection)
    stray = retention.sweep_files(folder, folder / "audio", night.audio_before, named)
    return replace(night.erased, recordings=night.erased.recordings + stray)


def receive(connection: Connection, name: str, at: int) -> None:
    inbox.append(connection, [IncomingEvent(f"${name}", "!r", "@a:b", Kind.TEXT, at, body=SECRET)], at)


def handle(connection: Connection) -> None:
    for row in inbox.pending(connection):
        inbox.done(connection, row.id, row.event.sent_at)


def note(connection: Connection, name: str, at: int, **fields: Any) -> None:
    values = {
        "event_id": f"${name}", "room_id": "!r", "sender": "@a:b", "kind": "voice", "sent_at": at, "received_at": at,
        "media": {"url": "mxc://a/b", "file": {"key": {"k": "secret"}}}, "media_path": f"audio/{name}.ogg",
        "purpose": "report", "state": "heard",
    }  # fmt: skip
    connection.execute(insert(transmissions).values({**values, **fields}))


def recording(folder: Path, name: str, at: int) -> Path:
    path = folder / "audio" / f"{name}.ogg"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"OggS")
    os.utime(path, (at / 1000, at / 1000))
    return path


def test_old_texts_go_and_young_ones_stay(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        for name, at in (("old", OLD), ("young", YOUNG)):
            receive(connection, name, at)
            outbox.append(connection, Outgoing(name, "!r", {"body": SECRET}), at)
            outbox.sent(connection, transaction_id(name), f"${name}-reply", at)
            AUDITOR.append(connection, "dialogue.answer", f"${name}", {"text": SECRET}, version="v", now=at)
            connection.execute(insert(conversations).values(room_id=name, user_id="@a:b", state={}, updated_at=at))
        handle(connection)
        assert purge(connection, tmp_path) == Erased(inbox=1, outbox=1, audit=1, conversations=1, people=1)
        assert inbox.event(connection, "$old") is None
        assert inbox.event(connection, "$young") is not None
        assert inbox.known(connection, ["$old"]) == {"$old"}  # it will not be answered a second time
        assert outbox.ours(connection, "$old-reply")
        contents = connection.execute(select(outbox_table.c.key, outbox_table.c.content)).all()
        assert contents == [("old", None), ("young", {"body": SECRET})]
        assert about(connection, "$old")[0].payload is None
        assert about(connection, "$young")[0].payload == {"text": SECRET}
        assert connection.scalars(select(conversations.c.room_id)).all() == ["young"]


def test_the_chain_is_whole_after_many_nights(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        for number in range(30):
            at = NOW - (100 - number) * DAY_MS
            AUDITOR.append(connection, "dialogue.answer", f"${number}", {"text": SECRET}, version="v", now=at)
        for night in range(0, 400, 7):
            retention.erase_audit(connection, AUDITOR, OLD + night * DAY_MS, version="v", now=NOW + night * DAY_MS)
        found = AUDITOR.verify(connection)
        assert (found.faults, found.erased) == ((), 30)
        kinds = connection.execute(
            select(audit.c.kind).join(audit_payloads).where(audit_payloads.c.erased_at.is_not(None)).distinct()
        )
        assert ERASED not in [row.kind for row in kinds]


def test_a_second_night_has_nothing_to_do(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        receive(connection, "old", OLD)
        handle(connection)
        AUDITOR.append(connection, "k", "$old", {"text": SECRET}, version="v", now=OLD)
        note(connection, "old", OLD)
        recording(tmp_path, "old", OLD)
        assert purge(connection, tmp_path)
        rows = AUDITOR.verify(connection).rows
        assert not purge(connection, tmp_path)
        assert AUDITOR.verify(connection).rows == rows


def test_what_has_not_been_answered_or_sent_stays_however_old(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        receive(connection, "unanswered", OLD)
        outbox.append(connection, Outgoing("unsent", "!r", {"body": SECRET}), OLD)
        assert not purge(connection, tmp_path)
        assert inbox.pending(connection)[0].event.body == SECRET
        assert outbox.pending(connection, NOW)[0].content == {"body": SECRET}


def test_an_event_that_waited_for_its_key_all_the_time_is_given_up(engine: Engine, tmp_path: Path) -> None:
    event = IncomingEvent("$a", "!r", "@a:b", Kind.UNREADABLE, OLD)
    with engine.begin() as connection:
        inbox.append(connection, [event], OLD, waiting={"$a": ("session", {"content": "x"})})
        assert purge(connection, tmp_path).inbox == 1
        assert inbox.waiting_for(connection, "session") == []
        state, raw, payload = connection.execute(
            select(inbox_table.c.state, inbox_table.c.raw, inbox_table.c.payload)
        ).one()
        assert (state, raw, payload) == ("failed", None, None)
        inbox.recovered(connection, event)  # the key comes after all
        assert inbox.pending(connection) == []


def test_errors_go_too_since_they_may_quote_the_message(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        receive(connection, "old", OLD)
        for _ in range(inbox.MAX_ATTEMPTS):
            inbox.failed(connection, inbox.pending(connection)[0], f"cannot read {SECRET!r}", OLD)
        purge(connection, tmp_path)
        assert connection.scalar(select(inbox_table.c.error)) is None


def test_recordings_go_after_their_days_with_the_key_to_the_homeservers_copy(engine: Engine, tmp_path: Path) -> None:
    due, fresh = NOW - 31 * DAY_MS, NOW - 29 * DAY_MS
    with engine.begin() as connection:
        note(connection, "due", due)
        note(connection, "fresh", fresh)
        old, young = recording(tmp_path, "due", due), recording(tmp_path, "fresh", fresh)
        assert purge(connection, tmp_path).recordings == 1
        assert not old.exists()
        assert young.exists()
        kept = connection.execute(select(transmissions.c.event_id, transmissions.c.media_path, transmissions.c.media))
        assert {row.event_id: (row.media_path, row.media is None) for row in kept} == {
            "$due": (None, True),
            "$fresh": ("audio/fresh.ogg", False),
        }


def say(connection: Connection, name: str, at: int) -> None:
    """An encrypted voice note in a thread, handled."""
    file = {"url": "mxc://a/b", "key": {"k": "secret"}, "iv": "i", "hashes": {"sha256": "h"}, "v": "v2"}
    content = {"msgtype": "m.audio", "file": file, "m.relates_to": {"rel_type": "m.thread", "event_id": "$root"}}
    spoken = IncomingEvent(
        f"${name}", "!r", "@a:b", Kind.AUDIO, at, content=content, thread_root="$root",
        media=Media("mxc://a/b", file=file),
    )  # fmt: skip
    inbox.append(connection, [spoken], at)
    handle(connection)


def test_the_key_of_a_recording_leaves_the_inbox_with_the_recording_and_where_it_was_said_stays(
    engine: Engine, tmp_path: Path
) -> None:
    due, fresh = NOW - 31 * DAY_MS, NOW - 29 * DAY_MS
    with engine.begin() as connection:
        for name, at in (("due", due), ("fresh", fresh), ("officer", due)):
            say(connection, name, at)
        note(connection, "due", due)
        note(connection, "fresh", fresh)
        purge(connection, tmp_path)
        assert "secret" in str(inbox.event(connection, "$fresh"))
        for name in ("due", "officer"):  # an officer's voice in a ticket has no entry of the log
            left = inbox.event(connection, f"${name}")
            assert left is not None
            assert (left.media, left.thread_root) == (None, "$root")
            assert "secret" not in str(left)
            assert left.content["m.relates_to"]["event_id"] == "$root"


def test_the_key_of_a_note_still_in_the_queue_stays(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        say(connection, "queued", OLD + 30 * DAY_MS)
        note(connection, "queued", OLD + 30 * DAY_MS, state="queued")
        purge(connection, tmp_path)
        assert "secret" in str(inbox.event(connection, "$queued"))


def test_an_officers_voice_that_went_over_loses_its_key_like_the_recording_it_is(
    engine: Engine, tmp_path: Path
) -> None:
    due = NOW - 31 * DAY_MS
    with engine.begin() as connection:
        said = {"msgtype": "m.audio", "body": "pesan-suara.ogg", "file": {"url": "mxc://a/b", "key": {"k": "secret"}}}
        outbox.append(connection, Outgoing("talk:1:1:$e", "!r", said), due)
        outbox.sent(connection, transaction_id("talk:1:1:$e"), "$sent", due)
        outbox.append(connection, Outgoing("waits", "!r", said), due)
        purge(connection, tmp_path)
        left = dict(connection.execute(select(outbox_table.c.key, outbox_table.c.content)).all())
        assert left["talk:1:1:$e"] == {"msgtype": "m.audio", "body": "pesan-suara.ogg"}
        assert left["waits"] == said


def test_a_note_still_in_the_queue_keeps_its_recording(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        note(connection, "queued", OLD, state="queued")
        path = recording(tmp_path, "queued", OLD)
        assert not purge(connection, tmp_path)
        assert path.exists()


def test_a_recording_that_no_row_names_goes_when_it_is_as_old(engine: Engine, tmp_path: Path) -> None:
    stray, fresh = recording(tmp_path, "stray", OLD), recording(tmp_path, "just-written", NOW)
    with engine.begin() as connection:
        assert purge(connection, tmp_path).recordings == 1
    assert not stray.exists()
    assert fresh.exists()


def test_a_missing_recording_stops_nothing(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        note(connection, "gone", OLD)
        assert purge(connection, tmp_path).recordings == 0
        assert connection.scalar(select(transmissions.c.media_path)) is None


@pytest.mark.parametrize("name", ["../precious.txt", "/{root}/precious.txt", "audio/link/precious.txt"])
def test_nothing_outside_the_data_folder_is_ever_deleted(engine: Engine, tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    (data / "audio").mkdir(parents=True)
    (data / "audio" / "link").symlink_to(tmp_path)
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    os.utime(precious, (1, 1))
    with engine.begin() as connection:
        note(connection, "evil", OLD, media_path=name.replace("/{root}", str(tmp_path)))
        purge(connection, data)
    assert precious.exists()


def test_a_night_that_fails_is_made_good_by_the_next(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        note(connection, "old", OLD)
    path = recording(tmp_path, "old", OLD)

    def night() -> None:
        with engine.begin() as connection:
            purge(connection, tmp_path)
            raise OSError("power cut")

    with pytest.raises(OSError, match="power cut"):
        night()
    assert not path.exists()
    with engine.begin() as connection:
        assert connection.scalar(select(transmissions.c.media_path)) == "audio/old.ogg"
        purge(connection, tmp_path)
        assert connection.scalar(select(transmissions.c.media_path)) is None


def test_erased_words_stand_nowhere_in_the_files_any_more(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        receive(connection, "old", OLD)
        handle(connection)
        outbox.append(connection, Outgoing("old", "!r", {"body": SECRET}), OLD)
        outbox.sent(connection, transaction_id("old"), "$e", OLD)
        AUDITOR.append(connection, "k", "$old", {"text": SECRET}, version="v", now=OLD)
    files = [tmp_path / "kentongan.db", tmp_path / "kentongan.db-wal"]
    assert any(SECRET.encode() in path.read_bytes() for path in files)
    with engine.begin() as connection:
        purge(connection, tmp_path)
    retention.settle(engine)
    assert not any(SECRET.encode() in path.read_bytes() for path in files)


def test_retention_keeps_what_was_decided_countable(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        receive(connection, "old", OLD)
        handle(connection)
        purge(connection, tmp_path)
        row = connection.execute(select(inbox_table)).one()
        assert (row.event_id, row.state, row.sent_at) == ("$old", "done", OLD)
        connection.execute(update(inbox_table).values(state="done"))
