"""Sound as the bot handles it: 16 kHz, mono, signed 16-bit little-endian PCM, in plain bytes.

Levels and the waveform come from pydub, encoding from PyAV, which carries FFmpeg's libraries inside: no ffmpeg
program is needed anywhere.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

RATE = 16_000
"""Samples a second; what Whisper and the voice activity detector want."""
SAMPLE_BYTES = 2
OPUS_BITS = 16_000
"""Bits a second: enough for a voice; costs one point of word errors against no compression at all."""
WAVEFORM_POINTS = 60
WAVEFORM_MAX = 1024
"""MSC3246: the loudest value a waveform can have."""
FULL_SCALE = 32_768

with warnings.catch_warnings():
    # It warns that no ffmpeg program is on PATH, which we never ask it to run.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment


def segment_of(pcm: bytes) -> Any:
    """PCM as a pydub AudioSegment: to slice in milliseconds, join, fade and measure."""
    return AudioSegment(data=pcm, sample_width=SAMPLE_BYTES, frame_rate=RATE, channels=1)


def seconds_of(pcm: bytes) -> float:
    """Length of PCM in seconds."""
    return len(pcm) / (RATE * SAMPLE_BYTES)


def levels(pcm: bytes, step_ms: int = 50) -> list[int]:
    """Loudness (root mean square, 0 to 32,768) of each step, the last one possibly shorter."""
    step = RATE * SAMPLE_BYTES * step_ms // 1000
    return [segment_of(pcm[start : start + step]).rms for start in range(0, len(pcm), step)]


def waveform(pcm: bytes, points: int = WAVEFORM_POINTS) -> list[int]:
    """The picture of a voice note in Element: `points` loudness values of 0 to 1024 (MSC3246), fewer for a note
    of fewer samples. The loudest stretch is scaled to 1024 unless the note is as good as silent."""
    samples = len(pcm) // SAMPLE_BYTES
    points = min(points, samples)
    edges = [samples * point // points * SAMPLE_BYTES for point in range(points + 1)] if points else []
    loudness = [segment_of(pcm[a:b]).rms for a, b in pairwise(edges)]
    loudest = max([*loudness, FULL_SCALE // 100])
    return [min(WAVEFORM_MAX, round(value * WAVEFORM_MAX / loudest)) for value in loudness]


def encode_opus(pcm: bytes, path: Path, bits: int = OPUS_BITS) -> None:
    """Write PCM as Ogg Opus, mono, as Matrix clients play it in a voice message (MSC3245)."""
    import av
    import numpy as np

    samples = np.frombuffer(pcm, dtype="<i2").reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = RATE
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono", options={"application": "voip"})
        stream.bit_rate = bits
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def describe(path: Path, max_seconds: float = 900.0) -> tuple[int, list[int]]:
    """Length in milliseconds and waveform of one of our own recordings, as a voice message carries them. Raises
    MediaError. Not for strangers' media: it decodes in this process."""
    from bot.voice.decode import Limits, decode

    pcm = bytes(decode(path, Limits(path.stat().st_size, max_seconds, max_seconds)).pcm)
    return round(seconds_of(pcm) * 1000), waveform(pcm)
