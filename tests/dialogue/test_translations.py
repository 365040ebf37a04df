"""A second language: said where it is translated, never where the original has changed; `check` names what lacks."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Decision, Outcome
from bot.dialogue.engine import Engine
from bot.dialogue.flows import Flows
from bot.dialogue.loader import load_flows
from bot.dialogue.spoken import in_other_words, spoken
from bot.dialogue.translations import warnings
from bot.problem import ContentError, Severity

SHIPPED = Path(__file__).parents[2] / "flows"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
FLOW = """\
version: 1
language: id
flow: perahu
title: Perahu
nouns: [[perahu]]
verified_on: 2026-11-22
review_by: 2027-05-22
sources:
  perda: {title: Perda 1/2020}
entities:
  ukuran:
    - {value: kecil, words: [kecil], fields: {tarif: "50.000", untuk: dua orang}}
    - {value: besar, words: [besar], fields: {tarif: "90.000", untuk: enam orang}}
intents:
  - name: perahu_sewa
    title: Menyewa perahu
    examples: [sewa perahu di pantai, mau pinjam perahu, perahu sewaan]
    answers:
      - text: Sewa perahu diurus di dermaga.
      - when: [ukuran]
        text: "Sewa {ukuran.tarif} rupiah, untuk {ukuran.untuk}."
      - when: [wakil]
        text: Boleh diwakilkan.
  - name: perahu_pilih
    title: Memilih perahu
    examples: [perahu apa yang cocok, bingung memilih perahu, pilih perahu yang mana]
    steps:
      - choose:
          text: Untuk apa?
          slot: guna
          options: [{label: Memancing}, {label: Wisata}]
      - branch: [{slot: guna, equals: Memancing, goto: kail}, {goto: tamasya}]
      - {label: kail, say: pancing}
      - {label: tamasya, say: wisata}
    answers:
      - {name: pancing, text: Perahu kecil cukup.}
      - {name: wisata, text: Ambil yang besar.}
  - name: pasal
    title: Pasal
    nouns: [[pasal]]
    examples: [pasal berapa mencuri, hukuman mencuri, bunyi pasal]
    steps: [{call: law}, {say: sebut}]
    answers:
      - {name: sebut, text: Sebutkan pasalnya.}
"""
POLICY = """\
version: 1
rules:
  - reason: karam
    outcome: emergency
    intent: perahu_sewa
    when: [{all: [[tenggelam]]}]
    text: Telepon 110 sekarang.
  - reason: cuaca
    outcome: refer
    when: [{all: [[ombak]]}]
    text: Tanya BMKG.
"""
JAVANESE = {
    "Sewa perahu diurus di dermaga.": "Nyewa prau ing dermaga.",
    "Sewa {ukuran.tarif} rupiah, untuk {ukuran.untuk}.": "Sewane {ukuran.tarif} rupiah, kanggo {ukuran.untuk}.",
    "dua orang": "wong loro",
    "Untuk apa?": "Kanggo apa?",
    "Memancing": "Mancing iwak",
    "Perahu kecil cukup.": "Prau cilik wis cukup.",
    "Telepon 110 sekarang.": "Enggal telpon 110.",
    "Tanya BMKG.": "Takon BMKG.",
    "Mei": "Mèi",
    "Ancaman pokok, paling berat: {maximum}.": "Paukuman paling abot: {maximum}.",
}
SWITCH = {
    "switch": ["basa jawa", "nganggo basa jawa"],
    "switched": "Inggih, kula mangsuli nganggo basa Jawa.",
    "leave": ["bahasa indonesia"],
    "left": "Baik, saya menjawab dalam bahasa Indonesia.",
}


def _folder(tmp_path: Path, texts: dict[str, str] = JAVANESE, /, **other: object) -> Path:
    folder = tmp_path / "flows"
    (folder / "languages").mkdir(parents=True)
    for name in ("lexicon.yaml", "phrases.yaml", "law.yaml"):
        shutil.copy(SHIPPED / name, folder / name)
    (folder / "local.yaml").write_text("version: 1\n")
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "perahu.yaml").write_text(FLOW)
    pairs = [{"original": original, "translation": translation} for original, translation in texts.items()]
    data = {"version": 1, "language": "jv", **SWITCH, "texts": pairs, **other}
    (folder / "languages" / "jawa.yaml").write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
    return folder


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Flows:
    return load_flows(_folder(tmp_path_factory.mktemp("jawa")))


@pytest.fixture(scope="module")
def engine(flows: Flows) -> Engine:
    return Engine(flows)


def _talk(engine: Engine, *said: str, start: Conversation | None = None) -> Sequence[Decision]:
    state, decisions = start, []
    for text in said:
        decisions.append(engine.step(state, text, NOW))
        state = Conversation.from_json(decisions[-1].state.to_json())
    return decisions


def test_a_citizen_asks_for_a_language_and_is_answered_in_it_until_asking_for_the_first_again(engine: Engine) -> None:
    before, wish, after, back, last = (
        decision.reply.split("\n\n")[0]
        for decision in _talk(
            engine, "mau pinjam perahu", "basa jawa pak", "mau pinjam perahu", "bahasa indonesia", "mau pinjam perahu"
        )
    )
    assert before == last == "Sewa perahu diurus di dermaga."
    assert wish == "Inggih, kula mangsuli nganggo basa Jawa."
    assert after == "Nyewa prau ing dermaga."
    assert back == "Baik, saya menjawab dalam bahasa Indonesia."


def test_the_wish_is_a_decision_of_its_own_and_outlasts_the_talk(engine: Engine) -> None:
    (wish,) = _talk(engine, "nganggo basa jawa")
    assert (wish.outcome, wish.reason, wish.state.language) == (Outcome.SMALLTALK, "language", "jv")
    later = engine.step(wish.state, "sewa perahu di pantai", NOW + timedelta(days=9))
    assert later.reply.startswith("Nyewa prau ing dermaga.")


def test_a_wish_under_other_content_is_still_known(engine: Engine) -> None:
    (wish,) = _talk(engine, "basa jawa")
    changed = Conversation.from_json({**wish.state.to_json(), "content": "other"})
    assert engine.step(changed, "sewa perahu di pantai", NOW).reply.startswith("Nyewa prau")


def test_what_is_not_translated_is_said_as_it_stands(engine: Engine) -> None:
    *_, answer = _talk(engine, "basa jawa", "sewa perahu boleh diwakilkan?")
    assert answer.reply.startswith("Boleh diwakilkan.")


def test_fields_and_dates_are_translated_within_an_answer(engine: Engine) -> None:
    _, small, big = _talk(engine, "basa jawa", "sewa perahu kecil", "sewa perahu besar")
    assert small.reply.startswith("Sewane 50.000 rupiah, kanggo wong loro.")
    assert big.reply.startswith("Sewane 90.000 rupiah, kanggo enam orang.")
    assert "22 Mèi 2027" in small.reply


@pytest.mark.parametrize("chosen", ["1", "mancing iwak", "memancing"])
def test_options_are_chosen_by_either_label_and_kept_as_in_the_first_language(engine: Engine, chosen: str) -> None:
    _, asked, answer = _talk(engine, "basa jawa", "bingung memilih perahu", chosen)
    assert asked.reply == "Kanggo apa?\n\n1. Mancing iwak\n2. Wisata"
    assert answer.reply.startswith("Prau cilik wis cukup.")


def test_a_wish_in_the_middle_of_steps_asks_their_question_again(engine: Engine) -> None:
    _, wish, answer = _talk(engine, "bingung memilih perahu", "basa jawa", "1")
    assert wish.reply.endswith("Kanggo apa?\n\n1. Mancing iwak\n2. Wisata")
    assert answer.reply.startswith("Prau cilik")


def test_emergencies_and_other_rules_are_told_in_the_language(engine: Engine) -> None:
    _, refer, emergency = _talk(engine, "basa jawa", "ombaknya tinggi?", "ada orang tenggelam")
    assert refer.reply == "Takon BMKG."
    assert emergency.outcome is Outcome.EMERGENCY
    assert emergency.reply.startswith("Enggal telpon 110.")


def test_lookups_speak_the_language_too(engine: Engine) -> None:
    _, answer = _talk(engine, "basa jawa", "pasal 476")
    assert "Paukuman paling abot: " in answer.reply


def test_the_same_is_understood_in_every_language(engine: Engine) -> None:
    for text in ("mau pinjam perahu", "bingung memilih perahu", "pasal 362 lama", "apa kabar", "sewa perahu besar"):
        (plain,) = _talk(engine, text)
        _, spoken_to = _talk(engine, "basa jawa", text)
        assert (plain.outcome, plain.intent, plain.score) == (spoken_to.outcome, spoken_to.intent, spoken_to.score)


def test_the_operator_may_speak_it_to_everybody(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "local.yaml").write_text("version: 1\nlanguage: jv\n")
    first, _, back = _talk(Engine(load_flows(folder)), "mau pinjam perahu", "bahasa indonesia", "mau pinjam perahu")
    assert first.reply.startswith("Nyewa prau")
    assert back.reply.startswith("Sewa perahu")


def test_a_changed_original_is_said_itself_and_named_with_both_lines(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "perahu.yaml").write_text(FLOW.replace("diurus di dermaga.", "diurus di dermaga, gratis."))
    flows = load_flows(folder)
    _, answer = _talk(Engine(flows), "basa jawa", "mau pinjam perahu")
    assert answer.reply.startswith("Sewa perahu diurus di dermaga, gratis.")
    told = [str(problem) for problem in warnings(flows)]
    assert f"{folder}/perahu.yaml:19: not translated into 'jv'" in "\n".join(told)
    gone = [text for text in told if "nothing in the content reads so any more" in text]
    assert len(gone) == 1
    assert gone[0].startswith(f"{folder}/languages/jawa.yaml:11: ")


def test_each_missing_text_is_a_warning_at_its_place_and_no_other_is(flows: Flows) -> None:
    problems = list(warnings(flows))
    assert all(problem.severity is Severity.WARNING and problem.line > 1 for problem in problems)
    told = {(problem.file.name, problem.message) for problem in problems}
    assert ("perahu.yaml", "not translated into 'jv', said as it stands: 'Boleh diwakilkan.'") in told
    assert not [text for _, text in told if "dermaga." in text or "90.000" in text or "Perda" in text]
    assert len(problems) == sum(1 for _ in spoken(flows)) - len(JAVANESE)


def test_without_languages_nothing_is_warned_of_and_nothing_is_a_wish() -> None:
    assert list(warnings(load_flows(SHIPPED))) == []


def test_content_in_no_other_words_is_the_same_content(flows: Flows) -> None:
    assert in_other_words(flows, {}) == flows


@pytest.mark.parametrize(
    ("texts", "other", "told"),
    [
        ({"Sewa {ukuran.tarif} rupiah, untuk {ukuran.untuk}.": "Sewane {ukuran.tarif}."}, {}, "{ukuran.untuk} stands"),
        (JAVANESE, {"language": "id"}, "'id' is what the flows themselves are written in"),
        (JAVANESE, {"switch": []}, "language 'jv' needs 'switch'"),
        (JAVANESE, {"leave": []}, "language 'jv' needs 'leave'"),
        (JAVANESE, {"language": "basa"}, "language"),
        (JAVANESE, {"texts": [{"original": "Mei", "translation": t} for t in ("a", "b")]}, "is translated twice"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_language_is_told_with_its_line(
    tmp_path: Path, texts: dict[str, str], other: dict[str, object], told: str
) -> None:
    with pytest.raises(ContentError) as caught:
        load_flows(_folder(tmp_path, texts, **other))
    assert [str(problem) for problem in caught.value.problems if "jawa.yaml:" in str(problem) and told in str(problem)]


def test_a_flow_in_another_language_than_the_rest_is_sent_to_the_translations(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "perahu.yaml").write_text(FLOW.replace("language: id", "language: jv"))
    with pytest.raises(ContentError, match=r"perahu\.yaml:2: is in 'jv', phrases\.yaml in 'id'"):
        load_flows(folder)


def test_a_language_nobody_has_written_cannot_be_the_operators(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "local.yaml").write_text("version: 1\nlanguage: en\n")
    with pytest.raises(ContentError, match=r"local\.yaml:2: no language 'en'; there are: id, jv"):
        load_flows(folder)
