"""Which provider is meant, and how it is reached."""

from __future__ import annotations

import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.llm.providers import NO_ACCESS, Access, resolve_access

GEMINI = Access("AIza-key", None, "gemini-model")
OPENAI = Access(None, "http://127.0.0.1:11434/v1", "llama3.2")


@pytest.mark.parametrize(
    ("gemini", "openai", "chosen"),
    [
        (GEMINI, NO_ACCESS, ("google-generativeai", GEMINI)),
        (GEMINI, OPENAI, ("google-generativeai", GEMINI)),
        (NO_ACCESS, OPENAI, ("openai", OPENAI)),
        (NO_ACCESS, Access(None, "http://host/v1", None), ("offline", NO_ACCESS)),
        (NO_ACCESS, Access("sk-of-something-else", None, "gpt"), ("offline", NO_ACCESS)),
        (NO_ACCESS, NO_ACCESS, ("offline", NO_ACCESS)),
    ],
    ids=["a key", "a key and more", "an address and a model", "no model", "no address", "nothing"],
)
def test_auto_is_gemini_first_then_what_has_an_address_and_a_model_then_offline(
    gemini: Access, openai: Access, chosen: tuple[str, Access]
) -> None:
    assert resolve_access("auto", gemini=gemini, openai=openai) == chosen


@pytest.mark.parametrize(
    ("openai", "said"),
    [
        (NO_ACCESS, "needs an address: set OPENAI_BASE_URL"),
        (Access(None, "http://host/v1", None), "needs a model: set OPENAI_MODEL"),
        (Access("sk-key", None, None), "needs a model: set OPENAI_MODEL"),
        (Access(None, "http://host/v1", "m" * 101), "OPENAI_MODEL is longer than 100 characters"),
    ],
)
def test_what_openai_lacks_is_said_in_one_line(openai: Access, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        resolve_access("openai", gemini=GEMINI, openai=openai)
    assert "\n" not in str(raised.value)


def test_openais_own_address_needs_only_a_key_and_a_model() -> None:
    own = Access("sk-key", None, "gpt")
    assert resolve_access("openai", gemini=NO_ACCESS, openai=own) == ("openai", own)


def test_what_the_caller_gives_is_of_the_provider_he_names() -> None:
    given = Access("given-key", "http://given/v1", "given-model")
    assert resolve_access("openai", gemini=GEMINI, openai=OPENAI, given=given) == ("openai", given)
    assert resolve_access("google-genai", gemini=GEMINI, openai=OPENAI, given=given) == ("google-genai", given)
    assert resolve_access("auto", gemini=NO_ACCESS, openai=OPENAI, given=given) == ("google-generativeai", given)


def test_with_auto_a_given_model_is_asked_of_the_provider_that_is_found() -> None:
    chosen = resolve_access("auto", gemini=NO_ACCESS, openai=OPENAI, given=Access(model="mistral"))
    assert chosen == ("openai", Access(None, OPENAI.endpoint, "mistral"))


def test_an_empty_key_that_is_given_is_none() -> None:
    chosen, access = resolve_access("auto", gemini=GEMINI, openai=NO_ACCESS, given=Access(api_key=""))
    assert (chosen, access.api_key) == ("offline", "")


def test_a_model_that_no_table_holds_is_refused_with_auto_too() -> None:
    with pytest.raises(ConfigurationError, match="OPENAI_MODEL is longer"):
        resolve_access("auto", gemini=NO_ACCESS, openai=Access(None, "http://host/v1", "m" * 101))


def test_a_key_is_not_shown() -> None:
    assert "AIza-key" not in repr(GEMINI)
