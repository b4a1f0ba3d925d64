"""Links from assets in the Dagster UI to their code: the files of this machine, or the repository on the web."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path

import dagster as dg

ROOT = Path(__file__).resolve().parents[3]
"""The folder that holds the package: the checkout, or where the package is installed."""


def with_code_link(asset: dg.AssetsDefinition, code_url: str | None) -> dg.AssetsDefinition:
    """The asset, with a link to the function that makes it.

    ``dagster.with_source_code_references`` does the same for functions that nothing is wrapped around; for ours it
    would name the file of the wrapper.

    Args:
        code_url: of the folder on the web that holds ``workspace.yaml``, with branch or revision, such as
            ``https://github.com/acme/viral_assets/tree/main``; None for the file on this machine.
    """
    written = inspect.unwrap(getattr(asset.op.compute_fn, "decorated_fn"))  # noqa: B009 (not declared where it is set)
    # Asking ``inspect`` for the lines would have it take each function apart to find where it ends.
    file, line = Path(inspect.getfile(written)), written.__code__.co_firstlineno
    with warnings.catch_warnings():
        # As with backfill policies: setup.cfg keeps to the versions in which they are what we know.
        warnings.simplefilter("ignore", dg.BetaWarning)
        reference = (
            dg.UrlCodeReference(url=web_address(file, line, code_url), label=f"{file.name}, line {line}")
            if code_url
            else dg.LocalFileCodeReference(file_path=str(file), line_number=line)
        )
        references = dg.CodeReferencesMetadataValue(code_references=[reference])
    return asset.map_asset_specs(lambda spec: spec.merge_attributes(metadata={"dagster/code_references": references}))


def web_address(file: Path, line: int, code_url: str) -> str:
    """Where a line of our code is on the web: GitHub and GitLab both take ``#L12``."""
    return f"{code_url.rstrip('/')}/{file.resolve().relative_to(ROOT).as_posix()}#L{line}"
