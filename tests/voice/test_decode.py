from __future__ import annotations

import resource
import time
from pathlib import Path

import av
import broken_media as media
import numpy as np
import pytest

from bot.voice.audio import RATE, seconds_of
from bot.voice.decode import Limits, decode
from bot.voice.errors import Fault, MediaError

LIMITS = Limits(max_bytes=20_000_000, max_seconds=900, wall_seconds=60)
MB = 1 << 20


@pytest.mark.parametrize("name", media.HOPELESS)
def test_a_hopeless_medium_is_named_by_its_reason(name, tmp_path):
    make, reason = media.HOPELESS[name]
    path = tmp_path / name
    make(path)
    if reason == "too_long":  # said only after nothing was heard in what is decoded
        decoded = decode(path, LIMITS)
        assert decoded.cut
        assert seconds_of(bytes(decoded.pcm)) == 900
        return

    with pytest.raises(MediaError) as caught:
        decode(path, LIMITS)

    assert caught.value.reason == Fault(reason)


def test_ten_hours_are_neither_decoded_nor_held(tmp_path):
    path = tmp_path / "ten.ogg"
    media.ten_hours_of_silence(path)
    assert 12 * MB < path.stat().st_size < LIMITS.max_bytes
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()

    decode(path, LIMITS)

    assert time.monotonic() - started < 20
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 150


def test_a_wav_that_lies_about_its_length_yields_what_it_has(tmp_path):
    media.lying_wav(tmp_path / "lie.wav")

    assert seconds_of(bytes(decode(tmp_path / "lie.wav", LIMITS).pcm)) == pytest.approx(1, abs=0.01)


def test_a_note_that_breaks_off_is_heard_up_to_there(tmp_path):
    media.half(tmp_path / "half.ogg")
    whole = seconds_of(bytes(decode(media.GOOD, LIMITS).pcm))

    assert whole * 0.3 < seconds_of(bytes(decode(tmp_path / "half.ogg", LIMITS).pcm)) < whole * 0.7


def test_what_is_beyond_the_cap_is_cut_off_to_the_sample(tmp_path):
    decoded = decode(media.GOOD, Limits(20_000_000, 1.5, 30))

    assert decoded.cut
    assert len(decoded.pcm) == int(1.5 * RATE) * 2


def test_decoding_stops_when_its_time_is_over():
    with pytest.raises(MediaError) as caught:
        decode(media.GOOD, Limits(20_000_000, 900, 0))

    assert caught.value.reason is Fault.TOO_SLOW


@pytest.mark.parametrize(
    ("container", "codec", "rate", "layout"),
    [
        ("ogg", "libopus", 48_000, "stereo"),
        ("mp4", "aac", 44_100, "mono"),
        ("mp3", "libmp3lame", 22_050, "mono"),
        ("webm", "libopus", 48_000, "mono"),
        ("wav", "pcm_s16le", 8_000, "stereo"),
        ("flac", "flac", 96_000, "mono"),
    ],
)
def test_what_phones_record_is_accepted(container, codec, rate, layout, tmp_path):
    path = tmp_path / "note"
    channels = 2 if layout == "stereo" else 1
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, rate * 2 * channels), "<i2"), format="s16", layout=layout)
        frame.sample_rate = rate
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))

    assert seconds_of(bytes(decode(path, LIMITS).pcm)) == pytest.approx(2, abs=0.15)


def test_the_sound_of_a_film_is_heard_whatever_its_pictures(tmp_path):
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w", format="mp4") as output:
        video = output.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = output.add_stream("aac", rate=RATE, layout="mono")
        for _ in range(10):
            output.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), "uint8"), format="rgb24")))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE), "<i2"), format="s16", layout="mono")
        frame.sample_rate = RATE
        output.mux(audio.encode(frame))
        output.mux([*video.encode(None), *audio.encode(None)])

    assert seconds_of(bytes(decode(path, LIMITS).pcm)) == pytest.approx(1, abs=0.15)


def test_a_file_that_is_not_there_is_no_fault_of_the_medium(tmp_path):
    with pytest.raises(FileNotFoundError):
        decode(Path(tmp_path / "nothing.ogg"), LIMITS)
