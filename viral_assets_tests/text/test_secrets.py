"""What looks like a secret is hidden, and what is known as one."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from viral_assets.text.secrets import REDACTED, SHORT, hidden, redacted

X_TOKEN = "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BhiddenS%2BULvsea4JtiGRiSDSJSI%3Dhidden5E2XzMDjRfl76ZC9Ub0wnz4XsNiRVBC"


@pytest.mark.parametrize(
    "text",
    [
        "key AIzaSyD-hidden_1234567890 refused",
        "API key AQ.Ab8RN6J_hidden-hidden not valid. Please pass a valid one.",
        "('AQ.hiddenhidden1234567890')",
        "ya29.hidden_hidden_hidden",
        f"the token {X_TOKEN} has expired",
        f"Authorization: Bearer {X_TOKEN}",
        "Authorization: Bearer  hidden.hidden-1",
        "apify_api_hiddenHIDDEN0123456789abcdef refused",
        "Incorrect API key provided: sk-proj-hidden_hidden-hidden",
        "va-0123abcd-hidden_hidden-hidden_hidden-hid0 lets nobody in",
        "postgresql://user:hidden@host/name does not answer",
        "postgresql://user:hid@hidden@host/name does not answer",
        "GET https://x/?key=hidden&q=1",
        "GET https://x/?access_token=hidden",
        "{'x-goog-api-key': 'hidden'}",
        "https://hooks.slack.com/services/hidden",
        "password=hidden",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    told = redacted(text)
    assert "hidden" not in told
    assert REDACTED in told
    assert redacted(told) == told


@pytest.mark.parametrize(
    "text",
    [
        "SourceError: /data/inbox/a.json: line 3 (see https://example.com/a:b?page=1)",
        "see the FAQ.html_of_the_service_itself, or AQ.",
        "http://127.0.0.1:3000/runs/11aa-22 failed: no key in GEMINI_API_KEY, X_BEARER_TOKEN or APIFY_TOKEN",
        "APIFY_API_BASE_URL is not a URL; write it like https://api.apify.com",
        "the task-manager of a mask-wearing-desk-worker",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text, ["x-secret"]) == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=SHORT), st.text(), st.text())
def test_a_known_secret_never_comes_through(secret: str, before: str, after: str) -> None:
    assume(secret.strip())
    for form in (secret, quote(secret, safe="")):
        assert form not in hidden(before + form + after, [secret], instead="\0")


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    assert redacted("the key one is not one of those: 'one', done", ["one"]) == (
        f"the key {REDACTED} is not {REDACTED} of those: '{REDACTED}', done"
    )


def test_of_two_secrets_the_longer_one_is_hidden_whole() -> None:
    assert redacted("a-long-word-and-more", ["a-long-word", "a-long-word-and-more", ""]) == REDACTED
