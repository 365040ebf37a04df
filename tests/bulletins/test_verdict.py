"""What officers answer to a preview, and what all their answers come to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bulletins.verdict import LONGEST, Answer, Doubt, Kind, Said, Verdict, added, read, sign, standing, without

TEXT = "Hujan lebat sampai malam. Hindari jalan pantai."
STOP = Answer("$stop", Kind.STOP, "@ani", 1)
SKIP = Answer("$skip", Kind.SKIP, "@ani", 2, "banjir di kantor")


def words(text: str, event_id: str = "$words") -> Answer:
    return Answer(event_id, Kind.WORDS, "@ani", 3, text)


@pytest.mark.parametrize("text", ["kirim", "Kirim saja pak", "ok", "ya", "✅", "siap, kirim".replace(",", "")])
def test_agreement(text):
    assert read(text) == Said(Kind.SEND)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("lewati: listrik padam", "listrik padam"), ("⛔ listrik padam", "listrik padam"), ("lewati karena duka", "duka")],
)
def test_a_skip_with_its_reason(text, reason):
    assert read(text) == Said(Kind.SKIP, reason)


@pytest.mark.parametrize("text", ["lewati", "⛔", "jangan dikirim", "lewati:", "⛔️"])
def test_a_skip_without_a_reason_does_nothing_yet(text):
    assert read(text) == Said(Kind.STOP)


def test_whoever_answers_the_question_why_gives_the_reason():
    assert read("listrik padam di kantor, genset rusak", [STOP]) == Said(
        Kind.SKIP, "listrik padam di kantor, genset rusak"
    )
    assert read(f"ganti: {TEXT}", [STOP]) == Said(Kind.WORDS, TEXT)
    assert read("kirim", [STOP]) == Said(Kind.SEND)
    assert read("ok", [STOP]) is Doubt.SLIP
    assert read("//", [STOP]) is None


def test_other_words_are_what_is_said_instead():
    assert read(TEXT) == Said(Kind.WORDS, TEXT)
    assert read("ganti: **Awas** banjir") == Said(Kind.WORDS, "**Awas** banjir")
    assert read("Lewati Jalan Gajah Mada, Jalan Pemuda ditutup sampai sore") is Doubt.SLIP


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("jadi dikirim jam berapa pak?", Doubt.QUESTION), ("sebentar ya", Doubt.SHORT), ("x " * LONGEST, Doubt.LONG),
        ("lewti: hujan deras sekali", Doubt.SLIP), ("krim saja sekarang juga", Doubt.SLIP), ("ganti: ...", Doubt.EMPTY),
    ],
)  # fmt: skip
def test_what_may_be_no_answer_changes_nothing(text, doubt):
    assert read(text) is doubt


def test_words_below_a_skipped_bulletin_do_not_send_it():
    assert read("hujan sudah reda, jalan sudah bisa dilewati", [SKIP]) is Doubt.SKIPPED
    assert read("kirim", [SKIP]) == Said(Kind.SEND)


def test_words_between_officers_are_none():
    assert read("// sudah dicek?") is None


@pytest.mark.parametrize(
    ("key", "kind"), [("✅", Kind.SEEN), ("👍🏽", Kind.SEEN), ("☑️", Kind.SEEN), ("⛔️", Kind.STOP), ("🎉", None)]
)
def test_reactions(key, kind):
    assert sign(key) is kind


def test_the_last_of_several_wordings_stands_and_one_taken_back_leaves_the_others():
    answers = added(added((), words("satu", "$1")), words("dua", "$2"))
    assert standing(answers).words == "dua"
    assert standing(without(answers, "$2")).words == "satu"
    assert standing(added(answers, words("satu lagi", "$1"))).words == "satu lagi"
    assert standing(()) == Verdict()


def test_a_skip_and_a_wording_after_it_contradict_each_other_the_last_counts():
    assert standing([words("a"), SKIP]).skipped == SKIP
    assert standing([SKIP, words("a")]).skipped is None
    assert standing([SKIP, STOP]).skipped == SKIP
    seen = Answer("$seen", Kind.SEEN, "@budi", 4)
    assert standing([SKIP, seen]).skipped == SKIP


def test_where_silence_skips_a_reaction_says_nothing_and_typed_words_do():
    seen = Answer("$seen", Kind.SEEN, "@budi", 4)
    assert standing([seen]).silent("skip")
    assert not standing([words("a")]).silent("skip")
    assert not standing([seen]).silent("send")


ANSWERS = st.lists(
    st.builds(
        Answer, st.sampled_from(["$1", "$2", "$3", "$4"]), st.sampled_from(Kind), st.just("@ani"), st.just(1), st.text()
    ),
    max_size=8,
)


@given(ANSWERS)
@settings(deadline=None)
def test_answers_survive_the_database_and_never_both_skip_and_send(answers):
    again = [Answer.from_json(one.to_json()) for one in answers]
    assert again == answers
    verdict = standing(answers)
    assert verdict.skipped is None or verdict.sent is None


@given(st.text(), ANSWERS)
@settings(deadline=None)
def test_nothing_that_is_written_breaks_the_reading(text, before):
    found = read(text, before)
    if isinstance(found, Said) and found.kind in (Kind.WORDS, Kind.SKIP):
        assert found.words.strip()
        assert len(found.words) <= LONGEST
