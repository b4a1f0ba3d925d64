"""What an alert says when a run fails, and how it gets to a chat: one line, without secrets, to a Slack-compatible
webhook.

When to send one is up to ``sensors``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from viral_assets.text.display import clipped
from viral_assets.text.secrets import redacted

TIMEOUT_SECONDS = 5.0
ERROR_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class FailedRun:
    """What a person needs to know of a run that failed.

    ``hours`` names its partition or range, empty for a run that has none. ``errors`` come from its steps.
    """

    run_id: str
    job: str
    hours: str = ""
    errors: Sequence[str] = ()
    tried_again: bool = False


def failure_line(failed: FailedRun, ui_url: str, secrets: Collection[str] = ()) -> str:
    """One line with job, hours, error and the address of the run.

    Args:
        ui_url: where the UI is.
        secrets: what must not appear, whatever the error says.
    """
    of = f" of {failed.hours}" if failed.hours else ""
    errors = redacted("; ".join(dict.fromkeys(failed.errors)), secrets)
    error = clipped(errors, ERROR_CHARACTERS) or "no step says why"
    again = " It is tried again." if failed.tried_again else ""
    address = f"{ui_url.rstrip('/')}/runs/{quote(failed.run_id, safe='-')}"
    return f"{failed.job}{of} failed: {error}{again} {address}"


def post(webhook: str, line: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> str | None:
    """Post a line to a webhook that takes ``{"text": ...}``, as Slack's and Mattermost's do.

    Never raises: one webhook that does not answer must not keep others from being asked.

    Returns:
        Why it did not work, without the address, which is a secret; None when it did.
    """
    import requests

    # https://api.slack.com/reference/surfaces/formatting#escaping
    text = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    try:
        answer = requests.post(webhook, json={"text": text}, timeout=timeout_seconds, allow_redirects=False)
    except requests.RequestException as error:
        # Its message has the address in it.
        return type(error).__name__
    if not 200 <= answer.status_code < 300:
        return f"HTTP {answer.status_code}"
    return None
