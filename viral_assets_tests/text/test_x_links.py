"""Links to X carry exactly what they were given, and nothing else gets into them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text.x_links import composer_link, profile_link, tweet_link


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_composer_link_gives_back_id_and_text(tweet_id: str, text: str) -> None:
    parts = urlsplit(composer_link(tweet_id, text))
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "x.com", "/intent/post", "")
    assert parse_qs(parts.query, strict_parsing=True, keep_blank_values=True) == {
        "in_reply_to": [tweet_id],
        "text": [text],
    }


def test_a_composer_link_reads_as_documented() -> None:
    assert composer_link("199", "100 % & more/less?\n#no") == (
        "https://x.com/intent/post?in_reply_to=199&text=100%20%25%20%26%20more%2Fless%3F%0A%23no"
    )


def test_without_a_text_the_composer_opens_empty() -> None:
    assert composer_link("199") == "https://x.com/intent/post?in_reply_to=199"


def test_half_a_surrogate_pair_does_not_break_a_link() -> None:
    assert composer_link("199", "a\ud83d").endswith("&text=a%3F")


@given(st.text(), st.text())
def test_no_handle_leads_away_from_x(tweet_id: str, handle: str) -> None:
    parts = urlsplit(tweet_link(tweet_id, handle))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "x.com", "", "")
    assert parts.path.split("/")[2] == "status"


@pytest.mark.parametrize("handle", ["javascript:alert(1)", "../../evil", "a b", "", "a" * 21, "\u0430dmin", "x\n"])
def test_what_cannot_be_a_handle_is_not_linked(handle: str) -> None:
    assert profile_link(handle) is None
    assert tweet_link("199", handle) == "https://x.com/i/status/199"


def test_a_handle_is_linked() -> None:
    assert profile_link("mara_writes") == "https://x.com/mara_writes"
    assert tweet_link("199", "mara_writes") == "https://x.com/mara_writes/status/199"
