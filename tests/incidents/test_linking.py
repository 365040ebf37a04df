from __future__ import annotations

from bot.incidents.analyser import Analyser
from bot.incidents.linking import THRESHOLD, Candidate, Known, scene_places, score

MINUTE = 60_000


def fits(analyser: Analyser, first: str, second: str, minutes: int = 10) -> Candidate | None:
    one = analyser.analyse(first)
    known = Known(1, one.category, one.district, scene_places(one), first, 0, one.private)
    return score(known, analyser.analyse(second), minutes * MINUTE)


def linked(analyser: Analyser, first: str, second: str, minutes: int = 10) -> bool:
    candidate = fits(analyser, first, second, minutes)
    return candidate is not None and candidate.score >= THRESHOLD


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
