"""A stranger's medium to PCM, inside a worker process: FFmpeg may crash on what it reads, and then must not take
the bot along (PyAV#2344).

Nothing that the file says about itself is believed. Its sound is counted while it streams; a playlist or a concat
script, which would make FFmpeg open other files or addresses, is no accepted container.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.voice.audio import RATE, SAMPLE_BYTES
from bot.voice.errors import Fault, MediaError

CONTAINERS = "ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,wav,w64,mp3,flac,aac,amr,caf,aiff"
"""Demuxers by FFmpeg's names. No hls, concat, dash, image or subtitle formats."""
CODECS = frozenset(
    {
        *("opus", "vorbis", "libopus", "libvorbis", "mp2", "mp3", "mp3float", "aac", "aac_latm", "flac", "alac"),
        *("amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "gsm", "gsm_ms", "adpcm_ms", "adpcm_ima_wav"),
        *("pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_mulaw", "pcm_alaw"),
    }
)
"""Decoders by FFmpeg's names."""
RATES = range(4_000, 384_001)
"""Samples a second. A file that claims one sample a second would be blown up 16,000 times in one step."""
MOST_CHANNELS = 8
GROUP_SAMPLES = RATE * 10
"""Samples given to the resampler at once."""


@dataclass(frozen=True)
class Limits:
    """How much of a medium is worked on."""

    max_bytes: int
    max_seconds: float
    """Of sound; what is beyond is cut off."""
    wall_seconds: float
    """Of our time."""


@dataclass(frozen=True)
class Decoded:
    """Sound, 16 kHz mono signed 16-bit little-endian."""

    pcm: bytearray
    cut: bool
    """There was more than `max_seconds`."""


def check_size(path: Path, max_bytes: int) -> None:
    """Refuse by size alone, before anything is read. Raises MediaError, or OSError when there is no such file."""
    size = path.stat().st_size
    if size == 0:
        raise MediaError(Fault.EMPTY, "0 bytes")
    if size > max_bytes:
        raise MediaError(Fault.TOO_LARGE, f"{size} bytes, at most {max_bytes}")


def decode(path: Path, limits: Limits) -> Decoded:
    """Decode the first audio stream. Raises MediaError for everything that yields no sound.

    A medium that breaks off is heard up to there; damaged frames are left out.
    """
    import av

    check_size(path, limits.max_bytes)
    deadline = time.monotonic() + limits.wall_seconds
    try:
        with av.open(
            str(path),
            metadata_errors="ignore",
            container_options={
                "format_whitelist": CONTAINERS,
                "protocol_whitelist": "file",
                "codec_whitelist": ",".join(sorted(CODECS)),
            },
        ) as container:
            if not container.streams.audio:
                raise MediaError(Fault.NO_AUDIO, container.format.name)
            decoded = _collect(container, limits, deadline)
    except (av.FFmpegError, EOFError, ValueError, IndexError) as error:
        # av raises builtin look-alikes for FFmpeg's codes; MediaError is none of them
        raise MediaError(Fault.UNREADABLE, type(error).__name__) from None
    finally:
        gc.collect()  # resamplers are only freed by the collector (faster-whisper#390)
    if not decoded.pcm:
        raise MediaError(Fault.UNREADABLE, "no sound could be decoded")
    return decoded


def _collect(container: Any, limits: Limits, deadline: float) -> Decoded:

    stream = container.streams.audio[0]
    context = stream.codec_context
    if context is None or context.name not in CODECS:
        raise MediaError(Fault.UNREADABLE, f"codec {getattr(context, 'name', 'unknown')}")
    _check_shape(context.sample_rate, context.channels)
    context.thread_count = 1
    most = int(limits.max_seconds * RATE) * SAMPLE_BYTES
    pcm = bytearray()
    for part in _resampled(_grouped(_frames(container, stream, deadline))):
        pcm += part.to_ndarray().tobytes()
        if len(pcm) > most:
            break
    cut = len(pcm) > most
    del pcm[most:]
    return Decoded(pcm, cut)


def _frames(container: Any, stream: Any, deadline: float) -> Iterator[Any]:
    """Frames as they come, damaged ones left out; it ends where the file no longer makes sense."""
    import av

    packets = container.demux(stream)
    while True:
        if time.monotonic() > deadline:
            raise MediaError(Fault.TOO_SLOW, "decoding")
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError, EOFError):
            return
        try:
            frames = packet.decode()
        except (av.FFmpegError, EOFError):
            continue
        for frame in frames:
            _check_shape(frame.sample_rate, len(frame.layout.channels))
            frame.pts = None  # a damaged file's timestamps jump
            yield frame


def _resampled(groups: Iterator[Any]) -> Iterator[Any]:
    import av

    resampler: Any = None
    shape: tuple[Any, ...] = ()
    for group in groups:
        if resampler is not None and _shape(group) != shape:
            yield from resampler.resample(None)
            resampler = None
        if resampler is None:
            resampler, shape = av.AudioResampler(format="s16", layout="mono", rate=RATE), _shape(group)
        yield from resampler.resample(group)
    if resampler is not None:
        yield from resampler.resample(None)


def _grouped(frames: Iterator[Any]) -> Iterator[Any]:
    """Frames joined to bigger ones: the resampler is slow in small steps. A stream that changes its shape on the
    way starts a new group."""
    import av

    fifo: Any = None
    shape: tuple[Any, ...] = ()
    for frame in frames:
        if fifo is not None and _shape(frame) != shape:
            if fifo.samples:
                yield fifo.read()
            fifo = None
        if fifo is None:
            fifo, shape = av.AudioFifo(), _shape(frame)
        fifo.write(frame)
        if fifo.samples >= GROUP_SAMPLES:
            yield fifo.read()
    if fifo is not None and fifo.samples:
        yield fifo.read()


def _shape(frame: Any) -> tuple[Any, ...]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _check_shape(rate: int, channels: int) -> None:
    if rate not in RATES or not 1 <= channels <= MOST_CHANNELS:
        raise MediaError(Fault.UNREADABLE, f"{rate} Hz, {channels} channels")
