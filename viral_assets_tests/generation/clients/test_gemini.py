"""What a response of the Gemini API means, whichever SDK received it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import (
    BlockedAnswerError,
    ConfigurationError,
    FatalProviderError,
    ModelUnavailableError,
    NoRoomError,
    ProviderError,
    RateLimitedError,
    RejectedRequestError,
    TransientProviderError,
)
from viral_assets.llm.gemini import GeminiEndpoint, usage
from viral_assets.llm.types import Usage

KEY = "AIza-secret-key-0123456789"
SERVICE = GeminiEndpoint.of(KEY, None)
ELSEWHERE = GeminiEndpoint.of(KEY, "http://user:password@127.0.0.1:8787/")


def failure(
    status: int, body: object = "", headers: dict[str, str] | None = None, service: GeminiEndpoint = SERVICE
) -> Any:
    return service.failure(status, headers or {}, body, model="gemini-x")


def refused(*details: object, message: str = "slow down", headers: dict[str, str] | None = None) -> Any:
    return failure(429, {"error": {"code": 429, "message": message, "details": list(details)}}, headers)


def retry_info(delay: object) -> dict[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def quota(name: str) -> dict[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        ("36s", 36.0),
        ("2.472630291s", 2.472630291),
        ("183s", 183.0),
        ("1h2m3.5s", 3723.5),
        ("5m", 300.0),
        ("250ms", 0.25),
        ("0s", 0.0),
        ({"seconds": "7", "nanos": 500_000_000}, 7.5),
        (12, 12.0),
        ("soon", None),
        ("", None),
        (None, None),
        (True, None),
        ({"seconds": "many"}, None),
        ([1], None),
    ],
)
def test_a_wait_is_read_however_it_is_written(delay: object, seconds: float | None) -> None:
    assert refused(retry_info(delay)).retry_after_seconds == seconds


def test_the_longest_wait_the_response_speaks_of_counts() -> None:
    assert refused(retry_info("3s"), headers={"Retry-After": "20"}).retry_after_seconds == 20
    assert refused(retry_info("30s"), headers={"retry-after": "20"}).retry_after_seconds == 30
    assert refused(message="Please retry in 47.96s.").retry_after_seconds == 47.96
    assert refused(message="Please retry in 1h0m2s.").retry_after_seconds == 3602
    assert refused(message="Please retry in a while.").retry_after_seconds is None
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 57 < refused(headers={"Retry-After": in_a_minute}).retry_after_seconds <= 60
    assert refused(headers={"Retry-After": "Mon, 01 Jan 2024 00:00:00 GMT"}).retry_after_seconds == 0
    assert refused(headers={"Retry-After": "tomorrow"}).retry_after_seconds is None


def test_a_quota_of_the_day_and_one_of_tokens_are_told_from_the_usual_one() -> None:
    minute = refused(quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), retry_info("36s"))
    assert (minute.per_day, minute.per_tokens) == (False, False)
    day = refused(quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), retry_info("21s"))
    assert (day.per_day, day.per_tokens, day.retry_after_seconds) == (True, False, 21)
    tokens = refused(quota("GenerateContentInputTokensPerModelPerMinute-FreeTier"))
    assert (tokens.per_day, tokens.per_tokens) == (False, True)
    elsewhere = refused({"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": "generate_requests_per_day"}})
    assert elsewhere.per_day
    both = refused(quota("GenerateRequestsPerMinutePerProject"), quota("GenerateRequestsPerDayPerProject"))
    assert both.per_day


def test_a_quota_of_zero_is_no_matter_of_waiting() -> None:
    violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "0"}
    error = refused({"@type": "QuotaFailure", "violations": [violation]}, retry_info("21s"))
    assert isinstance(error, FatalProviderError)
    assert "gemini-x" in str(error)
    assert "GEMINI_MODEL" in str(error)


PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
OF_NOTHING = (
    "You exceeded your current quota. * Quota exceeded for metric: generativelanguage.googleapis.com/"
    "generate_content_free_tier_requests, limit: 0, model: gemini-x. Please retry in 21.5s."
)


def test_a_model_outside_of_the_plan_is_no_used_up_day() -> None:
    """Google names a quota of the day, gives it no value, and says "limit: 0" in the message only."""
    error = failure(429, quota_error(OF_NOTHING, {"quotaId": PER_DAY}))
    assert isinstance(error, ModelUnavailableError)
    assert "gemini-x" in str(error)
    assert "another model" in str(error)
    assert "billing" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("message", "violation"),
    [
        (OF_NOTHING.replace("limit: 0,", "limit: 20,"), {"quotaId": PER_DAY}),
        (OF_NOTHING.replace("limit: 0,", "limit: 0.5,"), {"quotaId": PER_DAY}),
        (OF_NOTHING, {"quotaId": PER_DAY, "quotaValue": "20"}),
    ],
)
def test_a_limit_above_nothing_is_a_used_up_day(message: str, violation: dict[str, str]) -> None:
    error = failure(429, quota_error(message, violation))
    assert isinstance(error, RateLimitedError)
    assert error.per_day


def quota_error(message: str, *violations: dict[str, str]) -> dict[str, object]:
    details = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": list(violations)}]
    return {"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "bad", "status": "INVALID_ARGUMENT"}}, RejectedRequestError),
        (400, {"error": {"message": "API key not valid. Please pass a valid API key."}}, FatalProviderError),
        (400, {"error": {"message": "x", "details": [{"reason": "API_KEY_INVALID"}]}}, FatalProviderError),
        (400, {"error": {"message": "API key expired. Please renew the API key."}}, FatalProviderError),
        (400, {"error": {"message": "not in your country", "status": "FAILED_PRECONDITION"}}, FatalProviderError),
        (401, {}, FatalProviderError),
        (403, "", ModelUnavailableError),
        (404, "<html>nginx</html>", ModelUnavailableError),
        (405, "", ModelUnavailableError),
        (402, "", FatalProviderError),
        (413, "", RejectedRequestError),
        (408, "", TransientProviderError),
        (429, "", RateLimitedError),
        (499, "", TransientProviderError),
        (500, b"\xff\xfe", TransientProviderError),
        (503, [{"error": {"message": "overloaded"}}], TransientProviderError),
        (529, "null", TransientProviderError),
        (302, "", TransientProviderError),
        (204, "", TransientProviderError),
    ],
)
def test_each_status_is_one_of_our_errors(status: int, body: object, kind: type[ProviderError]) -> None:
    error = failure(status, body)
    assert type(error) is kind
    assert error.http_status == status
    if issubclass(kind, FatalProviderError):
        assert any(advice in str(error) for advice in ("GEMINI_API_KEY", "GEMINI_MODEL", "HTTP 402", "not in your"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "details", "violations", "metadata", "quotaId", "retryDelay", "@type"]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@given(st.integers(201, 599), JSON | JSON.map(json.dumps) | st.text() | st.binary())
def test_no_body_makes_reading_a_failure_fail(status: int, body: object) -> None:
    error = failure(status, body)
    assert isinstance(error, ProviderError)
    assert "\n" not in str(error)
    assert len(str(error)) < 500


@given(st.sampled_from([400, 403, 404, 429, 500]), st.sampled_from(["{}", "key={}", "Bearer {},", "<b>{}</b>"]))
def test_a_key_that_the_service_repeats_is_not_shown(status: int, said: str) -> None:
    for service in (SERVICE, ELSEWHERE):
        assert KEY not in str(failure(status, {"error": {"message": said.format(KEY)}}, service=service))


def test_a_service_can_be_printed_without_its_key() -> None:
    assert KEY not in repr(SERVICE)


def test_messages_name_the_endpoint_without_its_password_and_the_variable_to_change() -> None:
    refusal = ELSEWHERE.unreachable(ConnectionRefusedError(111, "x"))
    assert str(refusal) == (
        "cannot reach http://127.0.0.1:8787 (GEMINI_API_ENDPOINT): Connection refused; "
        "check the address and that a server answers there"
    )
    assert "GEMINI_API_ENDPOINT" not in str(SERVICE.unreachable(OSError(101, "x")))
    assert "or correct GEMINI_API_ENDPOINT" in str(failure(404, "", service=ELSEWHERE))


@pytest.mark.parametrize(
    "endpoint",
    ["127.0.0.1:8787", "localhost", "ftp://host", "http://", "http://host:port", "https://host/?key=x", "http://[::1"],
)
def test_an_endpoint_that_is_no_address_is_refused_before_anything_is_sent(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="GEMINI_API_ENDPOINT"):
        GeminiEndpoint.of(KEY, endpoint)


def test_an_endpoint_may_carry_the_version_a_slash_or_a_path() -> None:
    assert GeminiEndpoint.of(KEY, " http://127.0.0.1:1/v1beta/ ").base_url == "http://127.0.0.1:1"
    assert GeminiEndpoint.of(KEY, "https://proxy.example/gemini").base_url == "https://proxy.example/gemini"
    assert (
        GeminiEndpoint.of(KEY, "  ").base_url
        == GeminiEndpoint.of(KEY, None).base_url
        == "https://generativelanguage.googleapis.com"
    )


@pytest.mark.parametrize("key", ["", "  ", "two words", "línea", "new\nline"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigurationError, match="GEMINI_API_KEY") as refused:
        GeminiEndpoint.of(key, None)
    assert not key.strip() or key not in str(refused.value)


@pytest.mark.parametrize("model", ["", "a/../b", "gemini x", "x?key=1", "../up", "gemini\n"])
def test_a_model_that_would_lead_elsewhere_is_no_model(model: str) -> None:
    with pytest.raises(FatalProviderError, match="GEMINI_MODEL"):
        SERVICE.checked_model(model)


@pytest.mark.parametrize(
    ("text", "finish", "expected"),
    [
        ("x", "STOP", "STOP"),
        ("x", "MAX_TOKENS", "MAX_TOKENS"),
        ("", "MAX_TOKENS", "MAX_TOKENS"),
        ("x", "CONTINUATION", "MAX_TOKENS"),
        ("x", "", "STOP"),
        ("x", "FINISH_REASON_UNSPECIFIED", "STOP"),
        ("", "", "OTHER"),
        ("x", "OTHER", "OTHER"),
        ("x", "SOMETHING_NEW", "OTHER"),
        ("", None, "EMPTY"),
    ],
)
def test_finish_reasons_are_few(text: str, finish: str | None, expected: str) -> None:
    answer = SERVICE.answer(text, Usage(10, 5, 1), finish, None)
    assert (answer.text, answer.finish_reason) == (text, expected)


@pytest.mark.parametrize("finish", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "LANGUAGE"])
def test_a_withheld_answer_says_what_it_cost(finish: str) -> None:
    with pytest.raises(BlockedAnswerError, match=finish) as blocked:
        SERVICE.answer("", Usage(10, 5, 1), finish, None)
    assert (blocked.value.input_tokens, blocked.value.output_tokens, blocked.value.thought_tokens) == (10, 5, 1)
    with pytest.raises(BlockedAnswerError, match="OTHER") as blocked:
        SERVICE.answer("", None, None, "OTHER")
    assert blocked.value.input_tokens is None


def test_thoughts_are_counted_or_what_the_others_leave_over() -> None:
    assert usage(100, 20, 150) == Usage(100, 20, 30) == usage(100, 20, 150, 30)
    assert usage(100, None, 100) == Usage(100, 0, 0)
    assert usage(100, 20, None) == Usage(100, 20, 0)
    assert usage(None, None, None) is None
    assert Usage(1, 2, 3).total == 6
    assert Usage(1, 2, 3).billed_output_tokens == 5


class TestTiers:
    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (503, {"error": {"message": "This model is currently experiencing high demand."}}),
            (429, {"error": {"message": "Resource has been exhausted."}}),
            (429, "<html>Too many requests</html>"),
        ],
    )
    def test_a_cheaper_tier_that_is_busy_has_no_room(self, status: int, body: object) -> None:
        told = SERVICE.failure(status, {}, body, model="gemini-x", tier="flex")
        assert isinstance(told, NoRoomError)
        assert not told.for_good
        assert not isinstance(failure(status, body), NoRoomError), "the standard tier has trouble, or a limit"

    def test_a_quota_with_a_name_is_a_quota_at_every_tier(self) -> None:
        body = {"error": {"message": "slow down", "details": [quota("GenerateRequestsPerMinutePerProjectPerModel")]}}
        assert isinstance(SERVICE.failure(429, {}, body, model="gemini-x", tier="flex"), RateLimitedError)

    @pytest.mark.parametrize("status", [400, 403, 404])
    @pytest.mark.parametrize("said", ["Invalid value at 'service_tier': flex", "Flex is for paid projects only."])
    def test_a_refusal_that_names_the_tier_is_about_the_tier(self, status: int, said: str) -> None:
        told = SERVICE.failure(status, {}, {"error": {"message": said}}, model="gemini-x", tier="flex")
        assert isinstance(told, NoRoomError)
        assert told.for_good

    def test_any_other_refusal_is_what_it_is_at_the_standard_tier(self) -> None:
        for status in (400, 401, 403, 404, 500, 504):
            at_flex = SERVICE.failure(status, {}, {"error": {"message": "no"}}, model="gemini-x", tier="flex")
            assert type(at_flex) is type(failure(status, {"error": {"message": "no"}}))
