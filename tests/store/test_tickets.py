from __future__ import annotations

from sqlalchemy import Engine

from bot.store import tickets

NOW = 1_795_000_000_000


def test_a_message_leads_to_one_ticket_however_often_it_is_handled(engine: Engine) -> None:
    with engine.begin() as connection:
        first = tickets.open_ticket(connection, "$a", "!dm", "@warga:x", reason="asked", now=NOW)
        again = tickets.open_ticket(connection, "$a", "!dm", "@warga:x", reason="asked", now=NOW + 9)
        other = tickets.open_ticket(connection, "$b", "!dm", "@warga:x", reason="stuck", now=NOW)
    assert first == again
    assert other.id != first.id


def test_only_the_citizen_of_the_room_has_its_open_ticket(engine: Engine) -> None:
    with engine.begin() as connection:
        made = tickets.open_ticket(connection, "$a", "!dm", "@warga:x", reason="asked", now=NOW)
        assert tickets.current(connection, "!dm", "@warga:x") == made
        assert tickets.current(connection, "!dm", "@lain:x") is None
        assert tickets.current(connection, "!lain", "@warga:x") is None
        assert tickets.close(connection, made.id, "@petugas:x", NOW + 1)
        assert not tickets.close(connection, made.id, "@petugas2:x", NOW + 2)
        assert tickets.current(connection, "!dm", "@warga:x") is None


def test_the_first_message_of_an_officer_takes_the_ticket(engine: Engine) -> None:
    with engine.begin() as connection:
        made = tickets.open_ticket(connection, "$a", "!dm", "@warga:x", reason="asked", now=NOW)
        tickets.spoken(connection, made.id, NOW + 1, by_officer=False)
        waiting = tickets.get(connection, made.id)
        tickets.spoken(connection, made.id, NOW + 2, by_officer=True)
        tickets.spoken(connection, made.id, NOW + 3, by_officer=True)
        taken = tickets.get(connection, made.id)
        assert waiting is not None
        assert taken is not None
        assert (waiting.taken_at, waiting.updated_at) == (None, NOW + 1)
        assert (taken.taken_at, taken.updated_at) == (NOW + 2, NOW + 3)
        assert tickets.idle(connection, NOW + 3) == []
        assert tickets.idle(connection, NOW + 4) == [taken]


def test_keys_of_a_thread_lead_to_their_ticket_and_others_to_none(engine: Engine) -> None:
    with engine.begin() as connection:
        made = tickets.open_ticket(connection, "$a", "!dm", "@warga:x", reason="asked", now=NOW)
        for key in (made.key, f"{made.key}:in:$b", f"{made.key}:closed"):
            assert tickets.of_key(connection, key) == made
        for key in (None, "", "ticket", "ticket:", "ticket:x", "ticket:99", "card:1", f"reply:{made.id}"):
            assert tickets.of_key(connection, key) is None
