from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from bot.voice.heard import CUT, LOOP, LOW_CONFIDENCE, NO_SPEECH
from bot.voice.judge import RawSegment, Window, judge


def segment(text="ada kebakaran", log_probability=-0.3, no_speech=0.01, compression=1.2, start=0.0, end=2.0):
    return RawSegment(start, end, text, log_probability, no_speech, compression)


def heard(*segments, cut=False, duration=60.0):
    return judge(
        [Window(segments, 1.5)], duration=duration, cut=cut, seconds=0.5, language="id", model="base", settings={}
    )


def test_silence_is_no_speech_without_confidence():
    result = heard()

    assert (result.no_speech, result.text, result.confidence, result.flags) == (True, "", 0.0, (NO_SPEECH,))


def test_clear_speech_carries_no_flag():
    result = heard(segment(), segment("di pasar", start=2, end=4))

    assert (result.text, result.flags, result.no_speech) == ("ada kebakaran di pasar", (), False)
    assert result.confidence == round(math.exp(-0.3), 3)
    assert result.seconds == 2.0


def test_an_invention_is_flagged_and_kept():
    result = heard(segment("Terima kasih telah menonton", log_probability=-1.4, no_speech=0.9))

    assert result.text == "Terima kasih telah menonton"
    assert result.no_speech
    assert set(result.flags) == {NO_SPEECH, LOW_CONFIDENCE}


def test_a_loop_is_flagged_and_kept():
    result = heard(segment("iya " * 50, compression=9.0))

    assert result.flags == (LOOP,)
    assert result.text.startswith("iya iya")


def test_silence_around_clear_words_does_not_make_them_doubtful():
    assert heard(segment(no_speech=0.95, log_probability=-0.4)).flags == ()


def test_one_invented_segment_among_real_ones_is_not_called_silence():
    result = heard(segment(), segment("na na na", log_probability=-1.5, no_speech=0.8))

    assert not result.no_speech
    assert LOW_CONFIDENCE in result.flags


def test_a_note_longer_than_allowed_says_so():
    assert heard(segment(), cut=True).flags == (CUT,)


SEGMENTS = st.lists(
    st.builds(
        RawSegment,
        start=st.floats(-1, 1_000),
        end=st.floats(-1, 1_000),
        text=st.text(max_size=20),
        log_probability=st.floats(-20, 0.1),
        no_speech=st.floats(0, 1),
        compression=st.floats(0, 50),
    ),
    max_size=8,
)


@given(SEGMENTS, st.floats(0.1, 900))
def test_whatever_the_model_says_confidence_and_times_stay_in_range_and_words_are_kept(segments, duration):
    result = heard(*segments, duration=duration)

    assert 0 <= result.confidence <= 1
    assert all(0 <= part.start <= duration + 0.01 and 0 <= part.end <= duration + 0.01 for part in result.segments)
    assert result.text == " ".join(part.text.strip() for part in segments if part.text.strip())
