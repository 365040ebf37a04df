from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.audio import RATE, describe, encode_opus, levels, seconds_of, segment_of, waveform
from bot.voice.decode import Limits, decode

LIMITS = Limits(20_000_000, 900, 30)
NOTES = Path(__file__).parent.parent / "notes"


def tone(seconds, loudness=8_000):
    samples = np.sin(np.arange(int(RATE * seconds)) * 2 * np.pi * 440 / RATE) * loudness
    return samples.astype("<i2").tobytes()


def test_what_is_encoded_is_decoded_again_with_its_length_and_loudness(tmp_path):
    pcm = tone(2.5)
    encode_opus(pcm, tmp_path / "tone.ogg")

    back = bytes(decode(tmp_path / "tone.ogg", LIMITS).pcm)

    assert seconds_of(back) == pytest.approx(2.5, abs=0.05)
    assert segment_of(back).rms == pytest.approx(segment_of(pcm).rms, rel=0.15)


def test_an_encoded_note_is_small_mono_ogg_opus(tmp_path):
    encode_opus(tone(10), tmp_path / "tone.ogg")

    data = (tmp_path / "tone.ogg").read_bytes()

    assert data[:4] == b"OggS"
    assert data[28:36] == b"OpusHead"
    assert data[37] == 1  # channels
    assert len(data) < 30_000


def test_a_waveform_shows_where_it_is_loud():
    shape = waveform(tone(1, 200) + tone(1, 20_000), points=10)

    assert len(shape) == 10
    assert max(shape[:5]) < 50
    assert min(shape[5:]) > 1_000


@given(st.binary(max_size=2_000).map(lambda data: data[: len(data) // 2 * 2]), st.integers(1, 120))
def test_a_waveform_has_only_whole_numbers_from_0_to_1024(pcm, points):
    shape = waveform(pcm, points)

    assert len(shape) == min(points, len(pcm) // 2)
    assert all(isinstance(value, int) and 0 <= value <= 1024 for value in shape)


def test_silence_is_drawn_as_silence():
    assert waveform(bytes(RATE * 2), points=5) == [0] * 5


def test_levels_tell_each_step():
    steps = levels(bytes(RATE // 10 * 2) + tone(0.1), step_ms=50)

    assert len(steps) == 4
    assert steps[:2] == [0, 0]
    assert min(steps[2:]) > 5_000


def test_a_recording_is_described_as_a_voice_message_wants_it():
    duration, shape = describe(NOTES / "kecelakaan.ogg")

    assert duration == pytest.approx(9_470, abs=100)
    assert len(shape) == 60
    assert max(shape) == 1024


def test_no_ffmpeg_program_is_asked_for_or_missed(tmp_path):
    script = (
        "import warnings; warnings.simplefilter('error')\n"
        "from pathlib import Path\n"
        "from bot.voice.audio import describe, encode_opus\n"
        f"duration, _ = describe(Path({str(NOTES / 'sim.ogg')!r}))\n"
        f"encode_opus(bytes(32000), Path({str(tmp_path / 'out.ogg')!r}))\n"
        "print(duration)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PATH": "/nowhere"}, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert int(done.stdout) > 4_000
