"""Markdown to event content: literal where it was typed by people, safe where it was not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup import escape, plain, render


@pytest.mark.parametrize(
    "typed", ["`kode`", "**tebal** `x`", "a\\b", "_a_ *b*", "[a](b)", "# judul", "1. satu", "> kutip", "~~c~~ \\`d\\`"]
)
def test_escaped_words_come_out_of_both_forms_as_typed(typed):
    message = render(f"- {escape(typed)}")
    assert message.body == f"- {typed}"
    assert "<code>" not in message.formatted_body
    assert "<strong>" not in message.formatted_body


@given(st.text(alphabet=st.sampled_from("ab *_`~[]()#\\!<>|&@:.-+{}"), max_size=40))
def test_any_marks_typed_by_people_survive_as_characters(typed):
    assert plain(f"x{escape(typed)}x") == f"x{typed}x"


def test_our_own_marks_are_taken_out_of_the_plain_body():
    assert plain("**Tebal** dan *miring*, [tautan](https://a.test)") == "Tebal dan miring, tautan (https://a.test)"
