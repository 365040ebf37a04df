"""Voice notes as they come damaged, for the tests and for `bench/mutated_audio.py`.

Each note is one of the spoken test notes in one of six containers, and then: cut off somewhere (truncated), with 1 to
64 wrong bits (flipped), with the head of another file (spliced), with a piece of itself taken out, doubled or
overwritten (displaced), or two of these. The seed names the note, so that any of them can be made again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from bot.voice.decode import Limits, decode

HERE = Path(__file__).parent
SPOKEN = ("macet", "pohon", "aman", "pencurian", "kebakaran", "sim")
CONTAINERS = {
    "ogg": ("ogg", "libopus"),
    "webm": ("webm", "libopus"),
    "m4a": ("mp4", "aac"),
    "mp3": ("mp3", "mp3"),
    "wav": ("wav", "pcm_s16le"),
    "flac": ("flac", "flac"),
}
RATE = 48_000


def sources(folder: Path) -> list[bytes]:
    """Every spoken note in every container."""
    made = []
    for name in SPOKEN:
        pcm = decode(HERE / f"{name}.ogg", Limits(50_000_000, 900, 60)).pcm
        for suffix, (container, codec) in CONTAINERS.items():
            path = folder / f"{name}.{suffix}"
            encode(bytes(pcm), path, container, codec)
            made.append(path.read_bytes())
    return made


def encode(pcm: bytes, path: Path, container: str, codec: str) -> None:
    """PCM (16 kHz, mono, 16 bits) into a container."""
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts = 16_000, 0
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE, layout="mono")
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=RATE,
                                      frame_size=stream.codec_context.frame_size or 0)  # fmt: skip
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))


def truncated(data: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    return data[: dice.randrange(len(data))]


def flipped(data: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    changed = bytearray(data)
    most = len(changed) if dice.random() < 0.5 else min(len(changed), 512)  # the head says how to read the rest
    for _number in range(dice.randint(1, 64)):
        changed[dice.randrange(most)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def spliced(data: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    size = dice.choice((4, 16, 48, 200, 1024))
    return dice.choice(others)[:size] + data[dice.choice((0, size)) :]


def displaced(data: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    start, end = sorted((dice.randrange(len(data)), dice.randrange(len(data))))
    piece = data[start:end]
    return dice.choice((data[:start] + data[end:], data[:end] + piece + data[end:],
                        data[:start] + dice.randbytes(len(piece)) + data[end:]))  # fmt: skip


KINDS: dict[str, Callable[[bytes, random.Random, list[bytes]], bytes]] = {
    "truncated": truncated, "flipped": flipped, "spliced": spliced, "displaced": displaced,
}  # fmt: skip


def mutated(seed: int, originals: list[bytes]) -> tuple[str, bytes]:
    """The damaged note of a seed: how it was damaged, and its bytes."""
    dice = random.Random(seed)
    data = dice.choice(originals)
    kinds = dice.sample(sorted(KINDS), 1 if dice.random() < 0.8 else 2)
    for kind in kinds:
        if data:
            data = KINDS[kind](data, dice, originals)
    return "+".join(kinds), data
