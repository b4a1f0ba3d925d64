"""What people send. Only what comes through here may change anything: a form without our token is refused."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

MAX_FIELDS = 40

TYPED = ("text", "wish", "reason")
"""Fields in which people write sentences."""


class ForeignFormError(Exception):
    """The form is not one of ours, or was shown before the server started anew."""


class BadFormError(Exception):
    """The form lacks something. The message is for a person."""


async def posted_form(request: Request) -> Mapping[str, str]:
    """The fields of a form of ours; of several with one name, the last.

    Raises:
        ForeignFormError: it does not carry the token of this server.
    """
    return (await posted_lists(request, "", 0))[0]


async def posted_lists(request: Request, name: str, most: int) -> tuple[Mapping[str, str], list[str]]:
    """As :func:`posted_form`, and all values of one field that may be there ``most`` times.

    Raises:
        ForeignFormError: it does not carry the token of this server.
    """
    form = await request.form(max_files=0, max_fields=MAX_FIELDS + most, max_part_size=64 * 1024)
    fields = {each: value for each, value in form.items() if isinstance(value, str)}
    # For the page that says what went wrong, whatever that is.
    request.state.typed = next(filter(None, (fields.get(each) for each in TYPED)), "")
    if not request.app.state.site.access.is_form_token(fields.get("token", "")):
        raise ForeignFormError
    return fields, [value for value in form.getlist(name) if isinstance(value, str)]


def version_field(form: Mapping[str, str]) -> int:
    """The version of a suggestion that was looked at.

    Raises:
        BadFormError: it is not there.
    """
    version = field(form, "version")
    if not version.isascii() or not version.isdigit() or len(version) > 18:
        raise BadFormError("The form came without the version of the suggestion.")
    return int(version)


def field(form: Mapping[str, str], name: str) -> str:
    """A field that has to be there.

    Raises:
        BadFormError: it is not.
    """
    value = form.get(name, "").replace("\x00", "")
    if not value:
        raise BadFormError(f"The form came without {name!r}.")
    return value
