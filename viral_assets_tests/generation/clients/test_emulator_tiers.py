"""The emulator's cheaper service tier, as google-genai asks for it."""

from __future__ import annotations

import pytest

from viral_assets_tests.gemini_emulator import EmulatorConfig, FlexConfig, GeminiEmulator
from viral_assets_tests.virtual_clock import VirtualClock

# Older ones know neither tiers nor keys of batched requests.
pytest.importorskip("google.genai", minversion="3.0")

from google import genai
from google.genai import errors, types

MODEL = "gemini-3.5-flash-lite"


def served_by(emulator: GeminiEmulator, tier: str | None = "flex") -> str:
    """The tier that the answer to a request names."""
    with genai.Client(api_key="a-key", vertexai=False, http_options=types.HttpOptions(base_url=emulator.url)) as client:
        config = types.GenerateContentConfig(service_tier=types.ServiceTier(tier) if tier else None)
        answer = client.models.generate_content(model=MODEL, contents='{"id": "1"}', config=config)
    assert answer.sdk_http_response is not None
    assert answer.sdk_http_response.headers is not None
    return answer.sdk_http_response.headers["x-gemini-service-tier"]


def test_an_answer_says_which_tier_it_is_of() -> None:
    with GeminiEmulator() as emulator:
        assert [served_by(emulator, tier) for tier in ("flex", "priority", "unspecified", None)] == [
            "flex",
            "priority",
            "standard",
            "standard",
        ]
        assert [each.tier for each in emulator.arrivals] == ["flex", "priority", "standard", "standard"]


def test_a_request_of_the_cheaper_tier_takes_its_own_time() -> None:
    clock = VirtualClock()
    emulator = GeminiEmulator(EmulatorConfig(latency=(1, 0), flex=FlexConfig(latency=(60, 5))), clock=clock)

    def seconds(**body: str) -> float:
        before, contents = clock.monotonic(), [{"parts": [{"text": '{"id": "1"} {"id": "2"}'}]}]
        clock.run(emulator.respond(f"{MODEL}:generateContent", "k", {"contents": contents, **body}, at=before))
        return clock.monotonic() - before

    assert seconds() == pytest.approx(1)
    assert seconds(serviceTier="flex") == pytest.approx(70)
    assert seconds(service_tier="FLEX") == pytest.approx(70), "as other clients write it"


@pytest.mark.parametrize(
    ("refusal", "status", "name"), [("503", 503, "UNAVAILABLE"), ("429_no_details", 429, "RESOURCE_EXHAUSTED")]
)
def test_it_is_refused_when_the_service_is_busy_and_others_are_not(refusal: str, status: int, name: str) -> None:
    with GeminiEmulator(EmulatorConfig(flex=FlexConfig(shed=1.0, refusal=refusal))) as emulator:
        with pytest.raises(errors.APIError) as caught:
            served_by(emulator)
        assert (caught.value.code, caught.value.status) == (status, name)
        assert served_by(emulator, None) == "standard"
        assert [each.fault for each in emulator.arrivals] == ["shed", ""]


def test_refusals_of_the_cheaper_tier_can_be_scripted() -> None:
    with GeminiEmulator() as emulator:
        emulator.script("ok", "shed", "shed")
        assert served_by(emulator) == "flex"
        with pytest.raises(errors.ServerError, match="high demand"):
            served_by(emulator)
        assert served_by(emulator, None) == "standard"


def test_an_unknown_tier_is_rejected() -> None:
    clock = VirtualClock()
    emulator = GeminiEmulator(clock=clock)
    response = clock.run(emulator.respond(f"{MODEL}:generateContent", "k", {"service_tier": "turbo"}, at=0.0))
    assert response.status_code == 400
