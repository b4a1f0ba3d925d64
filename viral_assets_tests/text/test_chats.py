"""Untrusted text in messages."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text.chats import NOTHING_TO_SEE, text_for_chat


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("@everyone and ＠here", "@·everyone and ＠·here"),
        ("<!channel|x> <@U02> <#C1>", "‹!channel∣x› ‹@·U02› ‹#·C1›"),
        ("[win](https://evil.example/a_b) HTTP://X.Y tg://x", "［win］((link) (link) (link)"),
        ("go to evil.example or www.evil.example.", "go to evil.·example or www.·evil.·example."),
        ("**a** __b__ _c_ ~~d~~ ||e|| `f`", "∗∗a∗∗ ˍˍbˍˍ ˍcˍ ∼∼d∼∼ ∣∣e∣∣ ˋfˋ"),
        (
            "snake_case 3.50 and 10:30 stay, #news and /start not",
            "snake_case 3.50 and 10:30 stay, #·news and /·start not",
        ),
        ("&lt;b&gt; &#64;all AT&T", "＆lt;b＆gt; ＆#·64;all AT&T"),
        (":party: a\n\n@b", ":·party: a @·b"),
        ("Fish & chips – “good”, isn't it?", "Fish & chips – “good”, isn't it?"),
    ],
)
def test_it_reads_as_before_and_means_nothing(text: str, seen: str) -> None:
    assert text_for_chat(text).replace(NOTHING_TO_SEE, "·") == seen


_SIGNS = st.text(alphabet="@<>!|*_~`[]()#&;:/.\\ \n\u200b\u202eaZé9httpsx", max_size=60)


@given(st.one_of(st.text(max_size=60), _SIGNS))
def test_no_text_calls_anybody_marks_anything_up_or_leads_anywhere(text: str) -> None:
    made = text_for_chat(text)
    assert not re.search(r"[<>*`~|\[\]\\\n]|[@＠]\w|\w://|&#?\w+;|\w\.[^\W\d_]", made)
    assert not re.search(r"(?<!\w)#\w|(?<!\S)/\w|(?<![^\W_])_|_(?![^\W_])", made)
