"""What stands in a bulletin of what others say, and what is left out because nobody knows it now."""

from __future__ import annotations

import datetime as dt

import pytest
from bulletins_world import SHIPPED
from outside_world import AFTERNOON, CONTENT, DAY, MORNING, PLACES, alert, bulletin, forecast, good, quakes

from bot.bulletins import asked
from bot.bulletins.alerting import load_alerting
from bot.bulletins.compose import Composed
from bot.bulletins.facts import Reading
from bot.bulletins.origins import CapSource
from bot.markup import render


def body(composed: Composed) -> str:
    return render(composed.markdown).body


def with_(name: str, reading: Reading) -> dict[str, Reading]:
    return good() | {name: reading}


# ── weather ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_weather_is_told_from_this_slot_to_the_next_with_like_hours_joined() -> None:
    text = body(bulletin(good()))
    assert "Cuaca 07.00–15.30" in text
    assert "berawan, 13.00 hujan ringan, 26–30 °C ☔ 13.00–15.30" in text
    assert "cerah" not in text  # the hours before
    assert "petir" not in text  # and those after


def test_bmkg_is_named_with_the_time_of_its_analysis() -> None:
    assert "Cuaca 07.00–15.30 (BMKG, dibuat pukul 19.00 kemarin)" in body(bulletin(good()))


def test_a_slot_in_the_middle_of_a_step_begins_with_that_step() -> None:
    evening = MORNING.replace(hour=20)
    fresh = Reading(forecast(analysed="2026-12-01T00:00:00"), evening)
    readings = {name: fresh if name.startswith("forecast") else one for name, one in good(now=evening).items()}
    text = body(bulletin(readings, slot="malam", until=AFTERNOON + dt.timedelta(days=1), now=evening))
    assert "Cuaca 20.00–15.30" in text
    assert "berawan, 26 °C" in text


def test_places_with_the_same_weather_share_a_line_and_others_have_their_own() -> None:
    names = [place.name for place in PLACES if not place.rooms]
    assert ", ".join(names) + ": berawan" in body(bulletin(good()))
    other = asked.forecast(PLACES[1].adm4)
    text = body(bulletin(with_(other, Reading(forecast((("2026-12-01 13:00", "Kabut", 20, 0, 3),)), MORNING))))
    assert f"- {names[1]}: 13.00 kabut, 20 °C" in text
    assert f"{names[0]}, {names[2]}: berawan" in text


def test_a_channel_with_a_place_of_its_own_hears_that_place_alone_and_its_kinds_template() -> None:
    text = body(bulletin(good(), room="nelayan"))
    assert "- Pesisir Batang: angin sampai 14 km/jam, berawan" in text
    assert "Batang kota" not in text
    assert text.index("Angin dan cuaca") < text.index("Situasi")


# ── what is old, broken or was never had ────────────────────────────────────────────────────────────────


def test_a_source_that_is_too_old_is_left_out_and_named_with_its_age_and_its_last_error() -> None:
    name = asked.forecast(PLACES[0].adm4)
    composed = bulletin(with_(name, Reading(forecast(), MORNING - dt.timedelta(hours=13), "menjawab 500")))
    assert "Batang kota" not in body(composed)
    reason = "prakiraan cuaca BMKG (Batang kota): terakhir berhasil 13 jam yang lalu; menjawab 500"
    assert reason in composed.missing


def test_within_its_age_the_last_good_answer_is_told_although_the_last_try_failed() -> None:
    name = asked.forecast(PLACES[0].adm4)
    composed = bulletin(with_(name, Reading(forecast(), MORNING - dt.timedelta(hours=2), "menjawab 500")))
    assert "Batang kota" in body(composed)
    used = {one["name"]: one["age_seconds"] for one in composed.sources()["used"]}
    assert used["prakiraan cuaca BMKG (Batang kota)"] == 7200


def test_a_forecast_that_is_served_afresh_but_made_long_ago_is_no_forecast() -> None:
    name = asked.forecast(PLACES[0].adm4)
    composed = bulletin(with_(name, Reading(forecast(analysed="2026-11-29T12:00:00"), MORNING)))
    assert "prakiraan cuaca BMKG (Batang kota): dibuat 1 hari 12 jam yang lalu" in composed.missing


def test_a_forecast_without_these_hours_is_named_as_such() -> None:
    name = asked.forecast(PLACES[0].adm4)
    composed = bulletin(with_(name, Reading(forecast(DAY[5:]), MORNING)))
    assert "prakiraan cuaca BMKG (Batang kota): tidak memuat jam-jam ini" in composed.missing


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        (None, "tidak ada basis data"),
        ({}, "belum pernah berhasil diambil"),
        (good(dt.timedelta(days=9)), "terakhir berhasil 9 hari yang lalu"),
        (dict.fromkeys(good(), Reading(b"{", MORNING)), "isinya tidak terbaca"),
    ],
)
def test_without_sources_there_is_a_bulletin_that_says_nothing_of_them(readings, reason: str) -> None:
    composed = bulletin(readings)
    text = body(composed)
    assert not any(word in text for word in ("BMKG", "Cuaca", "Gempa", "⚠️"))
    assert "110" in text.splitlines()[-1]
    assert sum(reason in one for one in composed.missing) >= 4 - (readings is not None and reason.startswith("isi"))


def test_what_is_not_configured_is_neither_told_nor_missed() -> None:
    content = CONTENT.model_copy(update={"sources": type(CONTENT.sources)()})
    composed = bulletin(good(), content=content)
    assert composed.missing == ()
    assert "BMKG" not in body(composed)


# ── quakes ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_quake_felt_here_since_the_last_slot_is_told_with_its_intensity() -> None:
    readings = with_(asked.QUAKES, Reading(quakes(("2026-12-01 04:12", "III Batang, II Kendal")), MORNING))
    assert "Gempa M4,6, pukul 04.12, terasa III MMI di sini. di laut, kedalaman 12 km." in body(bulletin(readings))


@pytest.mark.parametrize(
    ("time", "felt", "told"),
    [
        ("2026-12-01 04:12", "III Batang Hari", False),
        ("2026-12-01 04:12", "III Kendal", False),
        ("2026-11-30 19:00", "III Batang", False),  # the evening's bulletin had it
        ("2026-11-30 19:50", "III Batang", True),  # too late for the evening's
        ("2026-12-01 07:30", "III Batang", False),  # after this slot: the next one's
    ],
)
def test_only_what_was_felt_here_and_since_then(time: str, felt: str, told: bool) -> None:
    text = body(bulletin(with_(asked.QUAKES, Reading(quakes((time, felt)), MORNING))))
    assert ("Gempa" in text) is told


# ── warnings ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_warning_in_force_is_told_first_with_its_districts_and_its_end() -> None:
    text = body(bulletin(good(dt.timedelta(), alert())))
    assert "⚠️ Hujan Lebat di Blado, Reban sampai pukul 16.40. (BMKG)" in text
    assert text.index("⚠️") < text.index("Cuaca")


def test_while_a_warning_is_in_force_there_is_no_tip() -> None:
    composed = bulletin(good(dt.timedelta(), alert()))
    assert "Tahukah" not in composed.markdown
    assert composed.tip is None
    assert bulletin(good()).tip is not None


def test_what_waits_for_two_officers_is_told_by_no_bulletin_and_named_in_the_preview() -> None:
    alerting = load_alerting(SHIPPED, CONTENT.templates)
    assert alerting is not None
    guarded = alerting.guards(CONTENT)
    grave = alert("two", event="Peringatan Dini Tsunami", expires="2026-12-01T16:40:00+07:00")
    composed = bulletin(good(dt.timedelta(), alert(), grave), content=guarded)
    assert "Hujan Lebat" in body(composed)
    assert "sunami" not in body(composed)
    assert "BMKG: peringatan yang menunggu kata dua petugas tidak ikut" in composed.missing


@pytest.mark.parametrize(
    "change",
    [
        {"expires": "2026-12-01T06:59:00+07:00"},
        {"expires": "2026-12-01T00:00:00Z"},  # 07.00 here
        {"status": "Exercise"},
        {"status": "Test"},
        {"msgType": "Cancel"},
        {"description": "Kab. Kendal: Weleri"},
        {"description": "di Bawang dan Bandar"},
    ],
)
def test_what_is_over_not_meant_or_not_ours_is_not_told(change: dict[str, str]) -> None:
    assert "⚠️" not in body(bulletin(good(dt.timedelta(), alert(**change))))


def test_a_late_bulletin_does_not_warn_of_what_is_over_by_now() -> None:
    late = MORNING + dt.timedelta(minutes=40)
    lasting = alert(expires="2026-12-01T07:50:00+07:00")
    assert "⚠️" in body(bulletin(good(dt.timedelta(), lasting, now=late), now=late))
    over = alert(expires="2026-12-01T07:20:00+07:00")
    text = body(bulletin(good(dt.timedelta(), over, now=late), now=late))
    assert "⚠️" not in text
    assert "terlambat 40 menit" in text


def test_an_alert_that_the_list_names_but_that_cannot_be_read_is_named() -> None:
    readings = good(dt.timedelta(), alert()) | {
        asked.entry(asked.NOWCAST, "g9"): Reading(None, None, "menjawab 404"),
        asked.entry(asked.NOWCAST, "g8"): Reading(b"<half", MORNING),
    }
    composed = bulletin(readings)
    assert "⚠️ Hujan Lebat" in body(composed)
    assert "peringatan dini BMKG: menjawab 404" in composed.missing
    assert any(one.startswith("peringatan dini BMKG: bukan XML") for one in composed.missing)


def test_alerts_of_a_list_that_is_too_old_are_not_told_although_they_have_not_expired() -> None:
    composed = bulletin(good(dt.timedelta(minutes=31), alert()))
    assert "⚠️" not in body(composed)
    assert "peringatan dini BMKG: terakhir berhasil 31 menit yang lalu" in composed.missing


def agencies(**options: object):
    source = CapSource(name="bpbd", url="https://example.invalid/cap.xml", who="BPBD Batang", **options)
    return CONTENT.model_copy(update={"sources": CONTENT.sources.model_copy(update={"cap": (source,)})})


def test_an_agencys_single_alert_is_told_under_its_name() -> None:
    readings = with_(asked.cap("bpbd"), Reading(alert(event="Rob"), MORNING))
    assert "⚠️ Rob di Blado, Reban sampai pukul 16.40. (BPBD Batang)" in body(bulletin(readings, content=agencies()))


def test_an_agency_of_our_own_need_not_name_the_regency() -> None:
    readings = with_(asked.cap("bpbd"), Reading(alert(event="Rob", description="pesisir"), MORNING))
    assert "⚠️ Rob sampai" in body(bulletin(readings, content=agencies(ours=True)))
    assert "⚠️" not in body(bulletin(readings, content=agencies()))


def test_one_source_takes_back_nothing_of_another() -> None:
    readings = good(dt.timedelta(), alert("one")) | {
        asked.cap("bpbd"): Reading(
            alert("two", msgType="Cancel", references="a,one,2026-12-01T06:00:00+07:00"), MORNING
        )
    }
    assert "⚠️ Hujan Lebat" in body(bulletin(readings, content=agencies()))


def test_more_warnings_than_anybody_reads_are_counted_as_missing() -> None:
    alerts = [alert(f"n{number}", event=f"Peristiwa {number}") for number in range(7)]
    composed = bulletin(good(dt.timedelta(), *alerts))
    assert composed.markdown.count("⚠️") == 4
    assert "peringatan dini BMKG: 3 dari 7 tidak muat" in composed.missing
