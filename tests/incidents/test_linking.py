from __future__ import annotations

from bot.incidents.analyser import Analyser
from bot.incidents.linking import THRESHOLD, Candidate, Known, beneath, scene_places, score

MINUTE = 60_000


def fits(analyser: Analyser, first: str, second: str, minutes: int = 10) -> Candidate | None:
    one = analyser.analyse(first)
    known = Known(1, one.category, one.district, scene_places(one), first, 0, one.private)
    return score(known, analyser.analyse(second), minutes * MINUTE)


def linked(analyser: Analyser, first: str, second: str, minutes: int = 10) -> bool:
    candidate = fits(analyser, first, second, minutes)
    return candidate is not None and candidate.score >= THRESHOLD


def threaded(analyser: Analyser, first: str, second: str) -> Candidate | None:
    one = analyser.analyse(first)
    known = Known(1, one.category, one.district, scene_places(one), first, 0, one.private)
    return beneath(known, analyser.analyse(second))


def test_the_same_crash_told_by_two_people_is_one(analyser: Analyser) -> None:
    assert linked(analyser, "laka truk di Cilubah", "ada kecelakaan di tanjakan Cilubah, sopir terjepit")


def test_a_crash_next_day_is_another(analyser: Analyser) -> None:
    assert not linked(analyser, "laka truk di Cilubah", "laka truk di Cilubah", minutes=24 * 60)


def test_another_village_is_another_incident(analyser: Analyser) -> None:
    assert not linked(analyser, "kebakaran rumah di Desa Clapar", "kebakaran rumah di Desa Kuripan Subah")


def test_another_district_is_out_of_the_question(analyser: Analyser) -> None:
    assert fits(analyser, "banjir di Subah", "banjir di Tulis") is None


def test_two_things_in_one_place_are_two(analyser: Analyser) -> None:
    assert fits(analyser, "kebakaran di Pasar Limpung", "motor hilang di Pasar Limpung") is None


def test_an_update_finds_what_it_is_about(analyser: Analyser) -> None:
    assert linked(analyser, "kebakaran di Sojomerto", "update kebakaran Sojomerto, api sudah padam", minutes=90)


def test_two_reports_without_a_place_are_not_joined_by_guessing(analyser: Analyser) -> None:
    assert not linked(analyser, "motor saya hilang", "motor hilang Pak")


def test_what_is_private_is_never_joined_to_what_is_not(analyser: Analyser) -> None:
    assert fits(analyser, "orang dipukuli di Kecepak", "istri dipukuli suaminya di Kecepak") is None


def test_the_thread_links_what_its_words_alone_do_not(analyser: Analyser) -> None:
    first, second = "kebakaran rumah di Clapar", "api merembet ke rumah sebelah pak, ada orang di dalam"
    assert not linked(analyser, first, second)
    candidate = threaded(analyser, first, second)
    assert candidate is not None
    assert candidate.score >= THRESHOLD
    assert candidate.reasons["thread"] == 1.0


def test_the_thread_links_nothing_that_names_another_place(analyser: Analyser) -> None:
    assert threaded(analyser, "banjir di Subah", "banjir di Tulis") is None
    assert threaded(analyser, "kebakaran rumah di Desa Clapar", "kebakaran rumah di Desa Kuripan Subah") is None


def test_news_in_the_thread_may_come_from_elsewhere(analyser: Analyser) -> None:
    assert threaded(analyser, "begal di Clapar Subah", "update, pelakunya sudah ketangkap di Limpung") is not None


def test_another_kind_of_thing_is_of_the_thread_unless_it_has_a_place_of_its_own(analyser: Analyser) -> None:
    assert threaded(analyser, "kebakaran di Pasar Limpung", "ada ibu-ibu pingsan") is not None
    assert threaded(analyser, "kebakaran pak, tolong", "motor hilang di Pasar Bandar") is None
