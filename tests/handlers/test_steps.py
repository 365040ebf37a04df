"""A flow's steps in a real room: choices by number, word and reaction, and the step that ends with an officer."""

# ruff: noqa: F811 - fixtures are imported by their names

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from handlers_world import DIRECT, ME, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update
from ticket_world import desk, officer  # noqa: F401 - fixtures

from bot.dialogue.engine import Engine as Dialogue
from bot.dialogue.loader import load_flows
from bot.event import Kind
from bot.handlers.consumer import Consumer
from bot.store.tables import outbox
from bot.store.tables import tickets as table

SHIPPED = Path(__file__).parents[2] / "flows"
FLOW = """
version: 1
flow: perahu
title: Perahu
nouns: [[perahu, dermaga]]
intents:
  - name: perahu_sewa
    title: Menyewa perahu
    states_facts: false
    aliases: [sewa perahu]
    examples: [sewa perahu bagaimana, cara sewa perahu, mau sewa perahu di dermaga]
    steps:
      - choose:
          text: Untuk apa?
          slot: guna
          options:
            - {label: Memancing, words: [mancing, ikan], goto: ikan}
            - {label: Wisata keluarga, words: [piknik], goto: orang}
      - {label: ikan, say: kecil}
      - label: orang
        ask: {text: Berapa orang?, slot: orang, type: number, minimum: 1, maximum: 40, retry: Tulis angkanya saja.}
      - branch: [{slot: orang, at_most: 6, goto: ikan}]
      - handoff: Rombongan sebesar itu dibantu **petugas dermaga**.
    answers:
      - {name: kecil, text: Cukup perahu kecil.}
"""
KEYCAP = "\ufe0f\u20e3"


@pytest.fixture(scope="module")
def boats(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    folder = tmp_path_factory.mktemp("flows")
    for name in ("lexicon.yaml", "phrases.yaml", "local.yaml"):
        shutil.copy(SHIPPED / name, folder / name)
    (folder / "policy.yaml").write_text("version: 1\nrules: []\n")
    (folder / "perahu.yaml").write_text(FLOW)
    return Dialogue(load_flows(folder))


@pytest.fixture(autouse=True)
def with_boats(consumer: Consumer, boats: Dialogue) -> None:
    consumer.desk = replace(consumer.desk, engine=boats)


@pytest.fixture
def react(event: Event, engine: Engine) -> Event:
    """The citizen's reaction to what the bot said last."""

    def make(sign: str) -> object:
        with engine.begin() as connection:
            last = connection.execute(select(outbox).where(outbox.c.room_id == DIRECT).order_by(outbox.c.id.desc()))
            row = last.first()
            assert row is not None
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(event_id=f"${row.key}", state="sent"))
        return event(sign, kind=Kind.REACTION, type="m.reaction", target=f"${row.key}")

    return make


def last(engine: Engine) -> str:
    return str(sent(engine, DIRECT)[-1]["content"]["body"])


@pytest.mark.parametrize(
    "choice", ["2", "nomor dua pak", "wisata keluarga", "piknik", "buat piknik anak anak", f"2{KEYCAP}"]
)
async def test_a_choice_is_made_by_number_by_words_and_by_a_typed_keycap(
    take: Take, event: Event, engine: Engine, choice: str
) -> None:
    await take(event("sewa perahu"))
    assert "1. Memancing" in last(engine)
    await take(event(choice))
    assert "Berapa orang?" in last(engine)


async def test_a_choice_is_made_by_a_reaction_and_answered_without_a_reply_to_it(
    take: Take, event: Event, react: Event, engine: Engine
) -> None:
    await take(event("sewa perahu"))
    await take(react(f"1{KEYCAP}"))
    assert "perahu kecil" in last(engine)
    assert "m.relates_to" not in sent(engine, DIRECT)[-1]["content"]


async def test_a_reaction_to_an_older_question_chooses_nothing(
    take: Take, event: Event, react: Event, engine: Engine
) -> None:
    await take(event("sewa perahu"))
    late = react(f"1{KEYCAP}")
    await take(event("2"))
    said = len(sent(engine, DIRECT))
    await take(late)
    assert len(sent(engine, DIRECT)) == said
    assert "Berapa orang?" in last(engine)


async def test_a_number_that_is_out_of_range_is_asked_for_again(take: Take, event: Event, engine: Engine) -> None:
    await take(event("sewa perahu"), event("7"))
    assert "1. Memancing" in last(engine)
    await take(event("2"), event("400"))
    assert "angkanya" in last(engine)


async def test_steps_that_end_with_an_officer_open_one_ticket_and_say_so(
    take: Take, event: Event, engine: Engine
) -> None:
    final = event("12")
    await take(event("sewa perahu"), event("2"))
    await take(final, final)
    await take(final)
    assert "petugas dermaga" in last(engine)
    assert "#1" in last(engine)
    [card] = sent(engine, OPERATIONS)
    assert card["key"] == "ticket:1"
    assert "sewa perahu" in card["content"]["body"], "an officer reads what the number answers"
    assert audited(engine).count("ticket.opened") == 1
    with engine.connect() as connection:
        assert [row.reason for row in connection.execute(select(table))] == ["asked"]


async def test_an_officers_answer_follows_the_steps_into_the_room(
    take: Take,
    event: Event,
    officer: Event,
    engine: Engine,
) -> None:
    await take(event("sewa perahu"), event("2"), event("12"))
    with engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.key == "ticket:1").values(event_id="$ticket:1", state="sent"))
    await take(officer("Perahu besar siap jam 8."))
    assert "Perahu besar siap jam 8." in last(engine)
    said = len(sent(engine, DIRECT))
    await take(event("sewa perahu"))
    assert len(sent(engine, DIRECT)) == said, "an officer has taken over: the words go to them"


async def test_steps_that_need_no_officer_open_no_ticket(take: Take, event: Event, engine: Engine) -> None:
    await take(event("sewa perahu"), event("2"), event("4"))
    assert "perahu kecil" in last(engine)
    assert sent(engine, OPERATIONS) == []


async def test_in_a_channel_the_steps_end_with_a_word_on_where_officers_answer(
    take: Take, event: Event, engine: Engine
) -> None:
    def there(body: str) -> object:
        return event(body, room=OJOL, content={"m.mentions": {"user_ids": [ME]}}, mentions=(ME,))

    await take(there("sewa perahu"))
    await take(there("2"))
    await take(there("12"))
    assert sent(engine, OPERATIONS) == []
    assert "pesan pribadi" in sent(engine, OJOL)[-1]["content"]["body"]
