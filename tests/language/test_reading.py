import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.lexicon import Lexicon
from bot.language.reading import LONGEST_TEXT, Change, Reader

LEXICON = Lexicon(
    protected=frozenset({"sim", "skck", "lp"}),
    rewrites={"gmn": ("bagaimana",), "simc": ("sim", "c"), "piye": ("bagaimana",)},
    phrases={("surat", "izin", "mengemudi"): ("sim",)},
    fillers=frozenset({"pak", "dong"}),
    courtesies=frozenset({"halo"}),
    hollow=frozenset({"apa"}),
    common=frozenset({"sumur"}),
)
READER = Reader(LEXICON, ["perpanjang biaya syarat umur hilang rumah buat lapor urus ibu", "surat izin mengemudi"])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("gmn biayanya pak", "bagaimana biaya"),
        ("SIMC", "sim c"),
        ("surat izin mengemudi hilang", "sim hilang"),
        ("perpanjnag", "perpanjang"),
        ("syaaaarat", "syarat"),
        ("ibu2", "ibu"),
        ("ibu-ibu", "ibu"),
        ("dirumah", "rumah"),
        ("ngurus", "urus"),
        ("laporin", "lapor"),
        ("halo syarat", "syarat"),
        ("halo apa", "halo apa"),
        ("halo pak", "halo"),
    ],
)
def test_chat_is_read_as_what_it_means(text: str, read: str) -> None:
    assert READER.read(text).text == read


@pytest.mark.parametrize("text", ["sin", "sm", "simm", "skcx", "363", "lpp", "sumur", "b1234"])
def test_codes_numbers_and_other_peoples_words_are_never_corrected(text: str) -> None:
    assert READER.read(text).text == text


def test_a_word_is_corrected_only_to_one_with_its_first_letter() -> None:
    assert READER.read("lumur").text == "lumur"
    assert READER.read("umurr").words[0].text == "umur"


def test_what_was_done_is_kept() -> None:
    changes = {word.surface: word.change for word in READER.read("gmn perpanjnag sim").words}
    assert changes == {"gmn": Change.NORMALISED, "perpanjnag": Change.CORRECTED, "sim": Change.PROTECTED}


@given(st.text())
def test_any_text_is_read_and_reading_is_bounded(text: str) -> None:
    reading = READER.read(text * 50)
    assert sum(len(word.surface) for word in reading.words) <= LONGEST_TEXT * 20
    assert reading.cut == (len(text * 50) > LONGEST_TEXT)
