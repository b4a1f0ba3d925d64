"""The one family of errors of this project.

Every message says what happened, to what, and what to do about it, in one line: the command line prints it as it
is. Nothing here ever carries an API key.
"""

from __future__ import annotations

from pathlib import Path


class ViralAssetsError(Exception):
    """Anything this project raises on purpose."""


class ConfigurationError(ViralAssetsError):
    """A setting is missing, malformed or contradicts another one."""


class ProjectFileError(ConfigurationError):
    """A project file cannot be used.

    Args:
        path: the file.
        problem: what is wrong and what would be right.
        key: the key, dotted (``taxonomy.0.label``), where there is one.
        line: its line in the file, counted from 1, where it is known.

    ``project`` is the name that the file gives its project, as far as that can be read.
    """

    project: str | None = None

    def __init__(self, path: Path, problem: str, *, key: str = "", line: int | None = None) -> None:
        self.path, self.problem, self.key, self.line = path, problem, key, line
        super().__init__(f"{path}{self._place}")

    @property
    def without_folder(self) -> str:
        """The message with the file's name alone."""
        return f"{self.path.name}{self._place}"

    @property
    def _place(self) -> str:
        line = f":{self.line}" if self.line is not None else ""
        return f"{line}: {self.key}: {self.problem}" if self.key else f"{line}: {self.problem}"


class UnknownProjectError(ConfigurationError):
    """A project was named that no file describes."""


class SourceError(ViralAssetsError):
    """A source of tweets cannot be read at all (single bad records go to the quarantine instead)."""


class ServiceRefusedError(SourceError):
    """A service of tweets will not answer, now or later: the token, the query or the plan is wrong."""


class ServiceUnavailableError(SourceError):
    """A service of tweets did not give a usable answer; the same request may succeed later.

    Args:
        may_be_charged: it had begun to answer, so that what it was asked for may have to be paid all the same.
    """

    def __init__(self, message: str, *, may_be_charged: bool = False) -> None:
        super().__init__(message)
        self.may_be_charged = may_be_charged


class ServiceBusyError(ServiceUnavailableError):
    """A service of tweets has had enough requests for now (HTTP 429).

    Args:
        seconds: until it takes some again.
    """

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class DatabaseUnavailableError(ViralAssetsError):
    """The database does not answer."""


class SchemaOutOfDateError(ViralAssetsError):
    """The tables are older (or newer) than this version of the code."""


class QuotaError(ViralAssetsError):
    """Limits that cannot work, or a request that can never be granted under them."""


class QuotaExhaustedError(ViralAssetsError):
    """The day's requests or budget are used up: what is left waits for a later run."""


class ProviderError(ViralAssetsError):
    """A language model's service did not give a usable answer.

    Args:
        http_status: of the response; None when there was none.
    """

    reached = True
    """Whether the service may have seen the request."""

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class FatalProviderError(ProviderError):
    """Asking again, or asking for something else, cannot help: the key, the model or the endpoint is wrong."""


class ModelUnavailableError(FatalProviderError):
    """This model cannot be used with this key, now or later; another one may be."""


class RateLimitedError(ProviderError):
    """The service refused a request because a quota is used up (HTTP 429).

    Args:
        retry_after_seconds: how long the service asks to wait; None when it does not say.
        per_day: the exhausted quota is a daily one, so that waiting ``retry_after_seconds`` is of no use.
        per_tokens: the exhausted quota counts tokens, so that nothing is learnt about the number of requests.
        names_quota: whether the service says which quota it is; else it may be busy rather than used up.
        limit: requests a minute that it says it allows; None where it does not say.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        per_day: bool = False,
        per_tokens: bool = False,
        names_quota: bool = False,
        limit: int | None = None,
    ) -> None:
        super().__init__(message, http_status=429)
        self.retry_after_seconds, self.per_day, self.per_tokens = retry_after_seconds, per_day, per_tokens
        self.names_quota, self.limit = names_quota, limit


class TurnOverError(ProviderError):
    """A request was not sent, because too much time has passed since the quota allowed it."""

    reached = False


class NoRoomError(ProviderError):
    """The service has no room for a request of a cheaper tier, and has not read it: the tier is busy, not the quota
    used up, and at the standard tier the same request may be answered at once.

    Args:
        for_good: the tier is not there at all for this key or model.
    """

    def __init__(self, message: str, *, http_status: int | None = None, for_good: bool = False) -> None:
        super().__init__(message, http_status=http_status)
        self.for_good = for_good


class TransientProviderError(ProviderError):
    """A 5xx, a broken connection or a timeout: the same request may succeed later.

    Args:
        reached: not so where there was no connection.
    """

    def __init__(self, message: str, *, http_status: int | None = None, reached: bool = True) -> None:
        super().__init__(message, http_status=http_status)
        self.reached = reached


class RejectedRequestError(ProviderError):
    """The service will not answer this request (HTTP 400): one of its tweets may be the cause."""


class AdaptedRequestError(ProviderError):
    """The service refused how a request was put (HTTP 400), and whoever puts it has learnt from that: the same request,
    put anew, may be answered at once. Raised no more often than there are ways to put one.
    """


class TooMuchInputError(RejectedRequestError):
    """The request holds more tokens than the model takes: its size is the cause, and none of its tweets.

    Args:
        allowed: tokens that one request may hold.
        counted: those that this one holds; 0 where the service does not say.
        with_output: whether the answer's count too.
    """

    def __init__(
        self, message: str, *, allowed: int, counted: int = 0, with_output: bool = False, http_status: int | None = None
    ) -> None:
        super().__init__(message, http_status=http_status)
        self.allowed, self.counted, self.with_output = allowed, counted, with_output


class BlockedAnswerError(ProviderError):
    """A safety filter withheld the answer: one of the request's tweets may be the cause.

    Args:
        input_tokens: billed all the same, as are the other two; None where the service did not count.
        output_tokens: without thoughts.
        thought_tokens: billed as output.
        cached_tokens: those of the input that may cost less.
        model_version: the model that answered, where the service says so.
        tier: at which it was served, where that is known.
    """

    def __init__(
        self,
        message: str,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        thought_tokens: int | None = None,
        cached_tokens: int | None = None,
        model_version: str | None = None,
        tier: str | None = None,
    ) -> None:
        super().__init__(message, http_status=200)
        self.input_tokens, self.output_tokens, self.thought_tokens = input_tokens, output_tokens, thought_tokens
        self.cached_tokens, self.model_version, self.tier = cached_tokens, model_version, tier
