"""Media as a stranger may send them, made on the spot."""

from __future__ import annotations

import io
import random
import struct
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from bot.voice.audio import RATE, encode_opus

HERE = Path(__file__).parent
GOOD = HERE / "macet.ogg"
TEN_HOURS = 36_000
OPUS_RATE = 48_000


def silence(seconds: float) -> bytes:
    return bytes(int(RATE * seconds) * 2)


def ten_hours_of_silence(path: Path) -> None:
    """Ogg Opus of some 13 megabytes: one silent packet of 60 ms, again and again."""
    source = path.with_suffix(".five")
    with av.open(str(source), "w", format="ogg") as container:
        options = {"frame_duration": "60", "vbr": "off"}
        stream = container.add_stream("libopus", rate=OPUS_RATE, layout="mono", options=options)
        stream.bit_rate = 3_000
        frame = av.AudioFrame.from_ndarray(np.zeros((1, OPUS_RATE * 5), "<i2"), format="s16", layout="mono")
        frame.sample_rate = OPUS_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(source)) as five, av.open(str(path), "w", format="ogg") as container:
        packet_bytes = [bytes(packet) for packet in five.demux(five.streams.audio[0]) if packet.size][3]
        stream = container.add_stream_from_template(five.streams.audio[0])
        ticks = OPUS_RATE * 60 // 1000
        for number in range(TEN_HOURS * OPUS_RATE // ticks):
            packet = av.Packet(packet_bytes)
            packet.stream, packet.time_base = stream, Fraction(1, OPUS_RATE)
            packet.pts = packet.dts = number * ticks
            packet.duration = ticks
            container.mux(packet)


def lying_wav(path: Path, claimed: int = 0xFFFF_FFF0, rate: int = RATE, channels: int = 1) -> None:
    """A WAV of one second whose header claims four gigabytes."""
    data = silence(1)
    block = 2 * channels
    header = b"RIFF" + struct.pack("<I", claimed & 0xFFFF_FFFF) + b"WAVEfmt "
    header += struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * block & 0xFFFF_FFFF, block & 0xFFFF, 16)
    path.write_bytes(header + b"data" + struct.pack("<I", claimed) + data)


def short_wav(path: Path, seconds: float = 1.0) -> None:
    with wave.open(str(path), "wb") as handle:
        handle.setnchannels(1)
        handle.setsampwidth(2)
        handle.setframerate(RATE)
        handle.writeframes(silence(seconds))


def film_without_sound(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), "uint8"), format="rgb24")))
        container.mux(stream.encode(None))


def picture(path: Path) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="image2pipe") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), "uint8"), format="rgb24")))
    path.write_bytes(buffer.getvalue())


def playlist(path: Path) -> None:
    """A playlist that makes FFmpeg open another file of the machine."""
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nfile://{GOOD}\n#EXT-X-ENDLIST\n")


def concat_script(path: Path) -> None:
    path.write_text(f"ffconcat version 1.0\nfile {GOOD}\n")


def beyond_the_size_cap(path: Path) -> None:
    """80 MB on paper; sparse on disk."""
    with path.open("wb") as handle:
        handle.write(GOOD.read_bytes())
        handle.truncate(80_000_000)


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(7).randbytes(20_000))


def only_the_head(path: Path) -> None:
    path.write_bytes(GOOD.read_bytes()[:60])


def half(path: Path) -> None:
    good = GOOD.read_bytes()
    path.write_bytes(good[: len(good) // 2])


def tone(path: Path, seconds: float) -> None:
    """A steady 440 Hz tone: sound, but no speech."""
    wave_ = np.sin(np.arange(int(RATE * seconds)) * 2 * np.pi * 440 / RATE) * 8_000
    encode_opus(wave_.astype("<i2").tobytes(), path)


HOPELESS: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (lambda path: path.write_bytes(b"") and None, "empty"),
    "garbage": (garbage, "unreadable"),
    "only_the_head": (only_the_head, "unreadable"),
    "picture": (picture, "unreadable"),
    "film_without_sound": (film_without_sound, "no_audio"),
    "playlist": (playlist, "unreadable"),
    "concat_script": (concat_script, "unreadable"),
    "eighty_megabytes": (beyond_the_size_cap, "too_large"),
    "one_sample_a_second": (lambda path: lying_wav(path, rate=1), "unreadable"),
    "ten_thousand_channels": (lambda path: lying_wav(path, channels=10_000), "unreadable"),
    "ten_hours_of_silence": (ten_hours_of_silence, "too_long"),
}
"""What can never be heard, and the reason that must be given."""
