from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup import escape, plain, render

TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip


class Reader(HTMLParser):
    """What a client's HTML parser sees."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def seen(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@pytest.mark.parametrize(
    ("markdown", "body", "html"),
    [
        ("*halo* **dunia**", "halo dunia", "<p><em>halo</em> <strong>dunia</strong></p>"),
        ("snake_case_name", "snake_case_name", "<p>snake_case_name</p>"),
        ("2 * 3 * 4", "2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("`kode *x*`", "kode *x*", "<p><code>kode *x*</code></p>"),
        ("~~lama~~ baru", "lama baru", "<p><s>lama</s> baru</p>"),
        ("a & b < c", "a & b < c", "<p>a &amp; b &lt; c</p>"),
        (r"\*bukan\*", "*bukan*", "<p>*bukan*</p>"),
        ("baris satu\nbaris dua", "baris satu\nbaris dua", "<p>baris satu<br>\nbaris dua</p>"),
        ("satu\n\ndua", "satu\n\ndua", "<p>satu</p><p>dua</p>"),
        ("Ada:\n- satu\n- dua\n\nlalu", "Ada:\n- satu\n- dua\n\nlalu", None),
        ("# Judul\nisi", "Judul\nisi", "<h1>Judul</h1><p>isi</p>"),
        ("- KTP\n- SIM", "- KTP\n- SIM", "<ul><li>KTP</li><li>SIM</li></ul>"),
        ("3. tiga\n4. empat", "3. tiga\n4. empat", '<ol start="3"><li>tiga</li><li>empat</li></ol>'),
        ("1. satu\n   - dalam\n2. dua", "1. satu\n   - dalam\n2. dua", None),
        ("> kutipan\n> dua", "> kutipan\n> dua", "<blockquote><p>kutipan<br>\ndua</p></blockquote>"),
        ("| a | b |\n|---|---|\n| 1 | **2** |", "a | b\n1 | 2", None),
        ("```\nkode  *x*\n\n  dua\n```", "kode  *x*\n\n  dua", None),
        ("---", "---", "<hr>"),
        ("", "", ""),
    ],
)
def test_markdown_becomes_html_and_a_plain_body(markdown: str, body: str, html: str | None) -> None:
    message = render(markdown)
    assert message.body == body
    if html is not None:
        assert message.formatted_body == html


@pytest.mark.parametrize(
    ("markdown", "body"),
    [
        ("[SKCK](https://skck.polri.go.id)", "SKCK (https://skck.polri.go.id)"),
        ("[**tebal**](https://x.id/a_(b))", "tebal (https://x.id/a_(b))"),
        ("[https://x.id](https://x.id)", "https://x.id"),
        ("[110](tel:110)", "110"),
        ("<mailto:a@b.id>", "mailto:a@b.id"),
        ("[a](https://x.id) dan [b](https://y.id)", "a (https://x.id) dan b (https://y.id)"),
    ],
)
def test_a_link_keeps_its_address_in_the_plain_body(markdown: str, body: str) -> None:
    assert plain(markdown) == body


@pytest.mark.parametrize(
    "attack",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "[x](vbscript:x)",
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "<a href='https://x' onclick='x'>y</a>",
        "![x](https://tracker.example/pixel.png)",
        "<mx-reply><blockquote>x</blockquote></mx-reply>",
        "<details open ontoggle=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
)
def test_no_script_picture_or_handler_gets_through(attack: str) -> None:
    for tag, attributes in seen(render(attack).formatted_body).tags:
        assert tag in TAGS
        assert set(attributes) <= {"href", "rel", "start"}
        assert (attributes.get("href") or "https:").startswith(("https:", "http:", "mailto:", "tel:"))


@given(st.text(max_size=200))
def test_any_markdown_gives_only_allowed_tags(markdown: str) -> None:
    for tag, attributes in seen(render(markdown).formatted_body).tags:
        assert tag in TAGS
        assert set(attributes) <= {"href", "rel", "start"}
        assert (attributes.get("href") or "https:").split(":")[0].lower() in {"https", "http", "mailto", "tel"} or (
            ":" not in (attributes.get("href") or "")
        )


def visible(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), max_size=80)


@given(WORDS)
def test_escaped_words_are_shown_as_they_are_and_format_nothing(words: str) -> None:
    message = render(escape(words))
    assert {tag for tag, _ in seen(message.formatted_body).tags} <= {"p"}
    assert visible(message.body) == visible(words)
    assert visible(seen(message.formatted_body).words) == visible(words)


@given(
    WORDS.filter(lambda words: escape(words).strip() != ""),
    st.sampled_from(["Laporan:\n{}", "- {}", "> {}", "1. {}\n2. x", "**{}**", "| a |\n|---|\n| {} |", "x {} y"]),
)
def test_escaped_words_stay_inside_their_place(words: str, frame: str) -> None:
    tags = [tag for tag, _ in seen(render(frame.format(escape(words))).formatted_body).tags]
    usual = [tag for tag, _ in seen(render(frame.format("kata")).formatted_body).tags]
    assert set(tags) <= set(usual)


@pytest.mark.parametrize(
    "line", ["===", "---", "# x", "1. x", "- x", "    kode", "\tkode", "> x", "```", "| a |", "&amp;", "[a]: /x"]
)
def test_words_at_the_start_of_a_line_make_no_block(line: str) -> None:
    message = render("Kata warga:\n" + escape(line))
    assert message.body == "Kata warga:\n" + line.strip()
    assert {tag for tag, _ in seen(message.formatted_body).tags} == {"p", "br"}


def test_several_lines_become_one() -> None:
    assert render(escape("satu\ndua\r\n# tiga\u2028empat")).body == "satu dua  # tiga empat"


def test_a_space_beside_a_word_stays_one_space() -> None:
    assert render("5" + escape(",   ") + "6").body == "5, 6"


def test_characters_that_turn_the_writing_around_are_dropped() -> None:
    assert escape("foto\u202egpj\u2066.exe") == r"fotogpj\.exe"
    assert escape("a\x00b\x1b[31m") == r"a b \[31m"


def test_a_message_mentions_nobody() -> None:
    content = render("halo @room").content()
    assert content["m.mentions"] == {}
    assert (content["msgtype"], content["format"]) == ("m.text", "org.matrix.custom.html")
    assert render("x").content(notice=True)["msgtype"] == "m.notice"


@given(st.text(st.sampled_from("*_`~[]()#->|1. \n<&\\"), max_size=60))
def test_the_plain_body_says_what_the_html_says(markdown: str) -> None:
    message = render(markdown)
    letters = re.sub(r"[^\w]", "", unescape(seen(message.formatted_body).words))
    assert letters in re.sub(r"[^\w]", "", message.body) or set(letters) <= set("1")
