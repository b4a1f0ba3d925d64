"""Everything the environment may say, read once into typed values. All of it is optional.

Only the outer ring (command line, Dagster resources) and ready-made defaults read this; inner modules are handed
what they need.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from viral_assets.errors import ConfigurationError
from viral_assets.hours import floor_hour, parse_hour
from viral_assets.llm.providers import NO_ACCESS, Access, resolve_access
from viral_assets.text.x_links import handle_in
from viral_assets.vocabulary import CHANNEL_VARIABLES, REVIEW_PORT, Provider

ProviderName = Literal["auto", Provider]
EmbedderName = Literal["auto", "wordllama", "multilingual", "gemini"]

PREFIX = "VIRAL_ASSETS_"
"""Of the project's own variables."""

# A short history keeps Dagster's partition pages fast; VIRAL_ASSETS_START opens an older one.
DEFAULT_HISTORY = timedelta(days=30)

LEAST_OF_A_TOKEN = 16
"""Characters that a piece of an address has at least to be taken for a secret by itself."""

_IN_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")

_BETWEEN_PIECES = re.compile(r"[/?&=@:,]+")

# Up to the last @ before the path, as a password may hold one that nobody has escaped.
_PASSWORD = re.compile(r"://[^/@:]*:([^@]+(?:@[^/@]+)*)@")


def checkout_root() -> Path:
    """The folder that holds ``workspace.yaml`` next to the package, else the working directory."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / "workspace.yaml").exists() else Path.cwd()


STARTER = Path(__file__).resolve().parent / "starter"
"""What whoever has no checkout needs: the demo project, Dagster's files, a project to begin with."""

BUNDLED_PROJECTS = STARTER / "projects"


def working_root() -> Path:
    """Where data and project files are by default: the working directory, if it is laid out as a project folder (by
    ``viral-assets init``) or there is no checkout, else the checkout.
    """
    here = Path.cwd()
    laid_out = (here / "workspace.yaml").is_file() and (here / "projects").is_dir()
    return here if laid_out else checkout_root()


def _default_projects() -> Path:
    folder = working_root() / "projects"
    return folder if folder.is_dir() else BUNDLED_PROJECTS


def _blank_is_unset(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _without_separators(value: object) -> object:
    """Python reads 250.000 as a quarter of a thousand. Half of Europe writes a quarter of a million so."""
    if isinstance(value, str) and _IN_THOUSANDS.fullmatch(value.strip()):
        raise ValueError("has a point: write whole numbers without one, a thousand as 1000")
    return value


def _hour(value: object) -> object:
    value = _blank_is_unset(value)
    try:
        return parse_hour(value) if isinstance(value, str) else value
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


def _web_address(value: object) -> object:
    value = _blank_is_unset(value)
    if isinstance(value, str) and not value.strip().startswith(("http://", "https://")):
        raise ValueError("an address begins with http:// or https://")
    return value.strip() if isinstance(value, str) else value


def _handle(value: object) -> object:
    value = _blank_is_unset(value)
    if not isinstance(value, str):
        return value
    if (handle := handle_in(value)) is None:
        raise ValueError("an account of X is written like @us")
    return handle


def _addresses_of_channels() -> dict[str, SecretStr]:
    """Every variable that begins so is a channel, called by the rest of its name in small letters."""
    return {
        name.removeprefix(CHANNEL_VARIABLES).lower(): SecretStr(value.strip())
        for name, value in os.environ.items()
        if name.startswith(CHANNEL_VARIABLES) and value.strip()
    }


def _secrets_of(address: str) -> Iterator[str]:
    """Of a channel: all of it, and the pieces that are long enough to be a token, or stand where a password does."""
    yield address
    if found := _PASSWORD.search(address.partition("?")[0]):
        yield found[1]
    yield from (
        piece for piece in _BETWEEN_PIECES.split(address) if len(piece) >= LEAST_OF_A_TOKEN and "." not in piece
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


Hour = Annotated[datetime | None, BeforeValidator(_hour)]
Optional_ = BeforeValidator(_blank_is_unset)
Limit = Annotated[float, BeforeValidator(_without_separators)]
Whole = Annotated[int, BeforeValidator(_without_separators)]
KeptDays = Annotated[Whole | None, Field(ge=1), Optional_]


def _variable(field: str, own_name: object = None) -> str:
    """What holds a field: a service's variable has the name that others know it by."""
    return own_name if isinstance(own_name, str) else f"{PREFIX}{field.upper()}"


class Settings(BaseModel):
    """The environment, typed. Use :func:`load_settings`, whose error names the variable.

    Args:
        given: by the names of the fields, instead of what the environment says.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**self._said_by_environment(), **given})

    @classmethod
    def _said_by_environment(cls) -> dict[str, str]:
        """The variables that are set to something, however their names are written, by the names of the fields."""
        said = {name.upper(): value for name, value in os.environ.items() if value}
        variables = {name: _variable(name, field.validation_alias) for name, field in cls.model_fields.items()}
        return {name: said[variable] for name, variable in variables.items() if variable in said}

    first_gemini_key: Annotated[SecretStr | None, Optional_] = Field(None, validation_alias="GEMINI_API_KEY")
    second_gemini_key: Annotated[SecretStr | None, Optional_] = Field(None, validation_alias="GOOGLE_API_KEY")
    gemini_api_endpoint: Annotated[str | None, Optional_] = Field(None, validation_alias="GEMINI_API_ENDPOINT")
    gemini_model: Annotated[str | None, Optional_] = Field(None, validation_alias="GEMINI_MODEL")
    openai_api_key: Annotated[SecretStr | None, Optional_] = Field(None, validation_alias="OPENAI_API_KEY")
    openai_base_url: Annotated[str | None, Optional_] = Field(None, validation_alias="OPENAI_BASE_URL")
    openai_model: Annotated[str | None, Optional_] = Field(None, validation_alias="OPENAI_MODEL")
    x_bearer_token: Annotated[SecretStr | None, Optional_] = Field(None, validation_alias="X_BEARER_TOKEN")
    x_api_base_url: Annotated[str | None, Optional_] = Field(None, validation_alias="X_API_BASE_URL")
    x_posts_per_run: Whole = Field(2_000, ge=0, description="Posts of the X API that one run may read, and so pay for.")
    x_count_users: bool = Field(
        True,
        description="Whether the authors and pictures that come with posts count like posts; X charges for them too.",
    )
    x_posts_per_day: Whole = Field(10_000, ge=0, description="The same for all runs of a day (UTC) together.")
    x_usd_per_post: float = Field(0.005, ge=0, description="What X charges for a post or picture read; only told.")
    x_usd_per_user: float = Field(0.010, ge=0, description="The same for an account.")
    x_account: Annotated[str | None, BeforeValidator(_handle)] = Field(
        None, description="The team's account at X, by its handle: whose timeline tells which replies were posted."
    )
    apify_token: Annotated[SecretStr | None, Optional_] = Field(None, validation_alias="APIFY_TOKEN")
    apify_api_base_url: Annotated[str | None, Optional_] = Field(None, validation_alias="APIFY_API_BASE_URL")
    source_wait_seconds: float = Field(
        960,
        ge=0,
        description="How long a run waits for a service of tweets. X's rate limits last a quarter of an hour.",
    )
    provider: ProviderName = "auto"
    rpm: Limit = 15
    tpm: Annotated[Limit | None, Optional_] = None
    tpm_counts: Literal["input", "total"] = "input"
    rpd: Annotated[Limit | None, Optional_] = None
    quota_window_seconds: float = 60
    quota_name: Annotated[str | None, Optional_] = Field(
        None, description="The same for all keys of one Google project: they share its quota, whichever is in use."
    )
    daily_budget_usd: Annotated[float | None, Optional_] = None
    pace_day: bool = Field(
        True, description="Whether scheduled runs leave the hours to come their part of the day's requests and budget."
    )
    embedding_rpm: Annotated[Limit | None, Optional_] = Field(
        None, description="Requests in the window to the model that embeds, which the service counts apart."
    )
    embedding_tpm: Annotated[Limit | None, Optional_] = Field(None, description="The same for its tokens.")
    embedding_rpd: Annotated[Limit | None, Optional_] = Field(None, description="The same for its requests of a day.")
    home: Path = Field(default_factory=lambda: working_root() / "data")
    database_url: Annotated[SecretStr | None, Optional_] = None
    projects_dir: Path = Field(default_factory=_default_projects)
    inbox: Annotated[Path | None, Optional_] = None
    move_read_files: bool = Field(
        False, description="Whether files of the inbox go to its folder done/ once they have been read."
    )
    start: Hour = None
    end: Hour = None
    embedder: EmbedderName = "auto"
    prices: Annotated[Path | None, Optional_] = None
    top_up_days: Whole = Field(
        3, ge=1, le=31, description="How many days back the daily top-up looks for tweets that wait."
    )
    keep_vectors_days: KeptDays = Field(None, description="For so many days vectors of tweets are kept.")
    keep_undecided_days: KeptDays = Field(None, description="The same for tweets that nobody decided about.")
    keep_snapshots_days: KeptDays = Field(None, description="The same for counts of tweets but the newest.")
    keep_answers_days: KeptDays = Field(None, description="The same for raw answers of models.")
    keep_rejects_days: KeptDays = Field(None, description="The same for records in quarantine.")
    keep_digests_days: KeptDays = Field(None, description="The same for digests.")
    keep_runs_days: KeptDays = Field(None, description="The same for Dagster's runs and ticks, and what they logged.")
    archive: Annotated[Path | None, Optional_] = Field(
        None, description="Where Parquet files of what is pruned are written; nothing is, where it is not set."
    )
    alert_webhook: Annotated[SecretStr | None, BeforeValidator(_web_address)] = Field(
        None, description="Slack-compatible webhook that is told of failed runs."
    )
    code_url: Annotated[str | None, BeforeValidator(_web_address)] = Field(
        None,
        description="Where this repository is on the web, branch included: assets in Dagster's UI link to their code.",
    )
    digest_url: Annotated[str | None, BeforeValidator(_web_address)] = Field(
        None, description="Where people find the folder of digests: Dagster's UI links to it instead of naming a path."
    )
    review_token: Annotated[SecretStr | None, Optional_] = Field(
        None, description="What people have to know to open the review page from another machine."
    )
    review_idle_hours: float = Field(
        12, gt=0, le=8_760, description="After so long without a request the review page asks for the token again."
    )
    review_session_days: float = Field(
        7, gt=0, le=366, description="So long a session of the review page lasts at most, however much it is used."
    )
    review_url: Annotated[str, BeforeValidator(_web_address)] = Field(
        f"http://127.0.0.1:{REVIEW_PORT}", description="Where people find the review page, for links in notifications."
    )
    ui_url: Annotated[str, BeforeValidator(_web_address)] = Field(
        "http://127.0.0.1:3000", description="Where people find Dagster's UI, for links to runs."
    )

    _channels: dict[str, SecretStr] = PrivateAttr(default_factory=_addresses_of_channels)

    @property
    def channels(self) -> dict[str, str]:
        """Where notifications go, by the name of the channel: secrets."""
        return {name: address.get_secret_value() for name, address in self._channels.items()}

    @property
    def resolved_database_url(self) -> str:
        """The configured URL, else the SQLite file in the home."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home.resolve() / 'viral_assets.db'}"

    @property
    def resolved_inbox(self) -> Path:
        return self.inbox or self.home / "inbox"

    @property
    def gemini_api_key(self) -> SecretStr | None:
        """Of the Gemini API: ``GEMINI_API_KEY``, else ``GOOGLE_API_KEY``, whichever is not blank."""
        return self.first_gemini_key or self.second_gemini_key

    @property
    def which_key(self) -> str:
        """Which of two different keys is used, for people; empty where there is nothing to tell."""
        first, second = self.first_gemini_key, self.second_gemini_key
        if not first or not second or first.get_secret_value().strip() == second.get_secret_value().strip():
            return ""
        return "GEMINI_API_KEY and GOOGLE_API_KEY are set to different keys: GEMINI_API_KEY is used"

    @property
    def secrets(self) -> list[str]:
        """What must never be shown, logged or sent to anybody, used or not."""
        hidden = [
            *(self.first_gemini_key, self.second_gemini_key, self.x_bearer_token, self.apify_token),
            *(self.database_url, self.alert_webhook, self.review_token),
            self.openai_api_key,
        ]
        addresses = (self.gemini_api_endpoint, self.x_api_base_url, self.apify_api_base_url)
        values = [each.get_secret_value().strip() for each in hidden if each is not None]
        passwords = [match[1] for value in (*values, *filter(None, addresses)) if (match := _PASSWORD.search(value))]
        return [*values, *passwords, *(part for each in self.channels.values() for part in _secrets_of(each))]

    def access(
        self,
        provider: str | None = None,
        given: Access = NO_ACCESS,
        models: Iterable[str] = (),
        *,
        cheaper_tier: bool = False,
    ) -> tuple[str, Access]:
        """The provider that writes, and how it is reached.

        Args:
            provider: ``auto`` or one of :data:`PROVIDERS`; ``VIRAL_ASSETS_PROVIDER`` when None.
            given: instead of what the environment says.
            models: of the projects.
            cheaper_tier: whether the service may be asked at another tier than the standard one.

        Raises:
            ConfigurationError: there is no such provider, or it lacks what it needs.
        """
        return resolve_access(
            provider or self.provider,
            gemini=Access(_revealed(self.gemini_api_key), self.gemini_api_endpoint, self.gemini_model),
            openai=Access(_revealed(self.openai_api_key), self.openai_base_url, self.openai_model),
            given=given,
            models=models,
            cheaper_tier=cheaper_tier,
        )

    @property
    def kept_days(self) -> dict[str, int | None]:
        """For how many days what is kept, by its name; None: for ever."""
        return {
            "vectors": self.keep_vectors_days,
            "undecided": self.keep_undecided_days,
            "snapshots": self.keep_snapshots_days,
            "answers": self.keep_answers_days,
            "rejects": self.keep_rejects_days,
            "digests": self.keep_digests_days,
            "runs": self.keep_runs_days,
        }

    @property
    def digests(self) -> Path:
        """Where digest pages and CSV files are written."""
        return self.home / "digests"

    def first_hour(self, now: datetime | None = None) -> datetime:
        """The first hour that there is: ``VIRAL_ASSETS_START``, else what the database keeps, else the midnight (UTC)
        thirty days ago.

        Counted from now in each process, it would be a day later in a run than in the code server that asked for it,
        and the oldest hours of every day would be refused.
        """
        from viral_assets.store.kept_values import first_hour_of

        if self.start is not None:
            return self.start
        kept = first_hour_of(self.resolved_database_url)
        return kept or floor_hour((now or datetime.now(UTC)) - DEFAULT_HISTORY).replace(hour=0)


def known_secrets() -> list[str]:
    """Those of the environment, to be left out of what is shown; none where the environment cannot be read."""
    try:
        return load_settings().secrets
    except ConfigurationError:
        return []


def misspelt_variables() -> list[str]:
    """What the environment sets that looks like a variable of ours and is none, a line each: it changes nothing, which
    is dear where it was meant to be a limit."""
    known = {_variable(name, field.validation_alias) for name, field in Settings.model_fields.items()}
    ours = {name.removeprefix(PREFIX): name for name in known if name.startswith(PREFIX)}
    said = []
    for name in sorted(os.environ):
        if not name.upper().startswith(PREFIX) or name.upper() in known or name.startswith(CHANNEL_VARIABLES):
            continue
        if meant := get_close_matches(name.upper().removeprefix(PREFIX), ours, n=1):
            said.append(f"{name} is no setting and changes nothing: is {ours[meant[0]]} meant?")
    return said


def load_settings() -> Settings:
    """Read the environment: anew only where it has changed, since a run asks for this dozens of times.

    Raises:
        ConfigurationError: a variable has a value that cannot be used; the message names it, never its value.
    """
    # The folders that are defaults depend on where we are and what is there.
    return _read_settings((frozenset(os.environ.items()), working_root(), _default_projects()))


@lru_cache(maxsize=1)
def _read_settings(_of: Hashable) -> Settings:
    """The settings of what they are made of."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0])
        variable = name if name.isupper() else _variable(name)
        raise ConfigurationError(f"{variable}: {first['msg'].removeprefix('Value error, ')}") from None
    if settings.start and settings.end and settings.end <= settings.start:
        raise ConfigurationError("VIRAL_ASSETS_END must lie after VIRAL_ASSETS_START")
    return settings
