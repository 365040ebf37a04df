"""A bulletin spoken by espeak-ng, and heard again by our own speech recognition."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import pytest

from bot.bulletins.spoken import load_spoken, speakable
from bot.config import Bulletins, Speech
from bot.voice import speech
from bot.voice.errors import SpeakingFailed
from bot.voice.models import find_model
from bot.voice.pool import SpeechPool
from bot.voice.speech import EspeakNg, Piper, Synthesiser, missing, recite, synthesiser

ROOT = Path(__file__).parents[2]
BULLETIN = """\
**Buletin Pagi**

Selamat pagi, Bapak dan Ibu. Hujan lebat di Kecamatan Bandar, hati-hati di jalan.

Keadaan darurat, telepon 110.
"""
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def espeak() -> Synthesiser:
    found = synthesiser(Bulletins(voice="espeak"), ROOT)
    if found is None:
        pytest.skip("espeak-ng is not installed (Debian: apt install espeak-ng)")
    return found


async def test_what_it_says_is_understood_by_our_own_ears(espeak: Synthesiser, tmp_path: Path) -> None:
    spoken = load_spoken(ROOT / "rooms")
    assert spoken is not None
    found = recite(espeak, speakable(BULLETIN, spoken), tmp_path)
    pool = SpeechPool(Speech(), find_model("base"), workers=1)
    await pool.start()
    try:
        heard = (await pool.transcribe(found.path)).text.casefold()
    finally:
        await pool.close(5)
    assert not {word for word in ("selamat", "pagi", "hujan", "hati", "jalan") if word not in heard}, heard


def test_it_is_ogg_opus_of_one_channel_with_a_waveform_and_its_true_length(espeak: Synthesiser, tmp_path: Path) -> None:
    found = recite(espeak, "Selamat pagi. Keadaan darurat, telepon satu satu nol.", tmp_path)
    with av.open(str(found.path)) as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.name, stream.codec_context.channels) == ("ogg", "opus", 1)
        assert stream.codec_context.sample_rate in (16_000, 48_000)
        length = sum(frame.samples for frame in container.decode(stream)) / stream.codec_context.sample_rate
    assert found.duration_ms / 1000 == pytest.approx(length, abs=0.1)
    assert 2_000 < found.duration_ms < 15_000
    assert len(found.waveform) == 60
    assert all(0 <= value <= 1024 for value in found.waveform)


def test_the_same_words_are_spoken_once(espeak: Synthesiser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = recite(espeak, "Selamat pagi.", tmp_path)
    monkeypatch.setattr(EspeakNg, "speak", lambda *_: pytest.fail("spoken again"))
    assert recite(espeak, "Selamat pagi.", tmp_path) == first


@pytest.mark.parametrize("text", ["-w /tmp/x --version", "<speak>a</speak>", "x" * 6000, "حج 中文 ☃"])
def test_no_text_is_taken_for_an_option_or_breaks_it(espeak: Synthesiser, tmp_path: Path, text: str) -> None:
    assert recite(espeak, text, tmp_path).duration_ms > 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".ogg"], "nothing else is left behind"


@pytest.mark.parametrize("script", ["exit 3", "exit 0", "echo x > $0.out", "sleep 60"])
def test_a_program_that_fails_is_an_error_with_nothing_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(speech, "SECONDS", 1)
    with pytest.raises(SpeakingFailed):
        recite(EspeakNg(str(program)), "Halo.", tmp_path / "spoken")
    assert list((tmp_path / "spoken").iterdir()) == []


def test_piper_is_given_the_voice_and_the_text_on_its_standard_input(tmp_path: Path) -> None:
    """With a stand-in for the program: no Indonesian voice was to be had, so how one sounds is untested."""
    program, model = tmp_path / "piper", tmp_path / "suara.onnx"
    model.write_bytes(b"x")
    note = shutil.copy(ROOT / "tests/notes/macet.ogg", tmp_path / "said.ogg")
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/args; cat > {tmp_path}/text; cp {note} "$4"\n')
    program.chmod(0o755)
    recite(Piper((str(program),), model), "Halo.\nApa kabar?", tmp_path / "spoken")
    assert f"--model {model} --output_file" in (tmp_path / "args").read_text()
    assert (tmp_path / "text").read_text() == "Halo. Apa kabar?"


def test_the_configuration_says_who_speaks_and_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speech._found.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        assert synthesiser(Bulletins(voice="off"), tmp_path) is None
        assert synthesiser(Bulletins(voice="auto"), tmp_path) is None
        assert missing(Bulletins(voice="auto"), tmp_path) is None
        assert "espeak-ng is not installed" in (missing(Bulletins(voice="espeak"), tmp_path) or "")
        assert "piper" in (missing(Bulletins(voice="piper", voice_model=Path("x.onnx")), tmp_path) or "")
        (tmp_path / "piper").touch(0o755)
        (tmp_path / "x.onnx").touch()
        speech._found.cache_clear()
        assert isinstance(synthesiser(Bulletins(voice="auto", voice_model=Path("x.onnx")), tmp_path), Piper)
    finally:
        speech._found.cache_clear()
