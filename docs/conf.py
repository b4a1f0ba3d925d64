"""The site: these pages by Sphinx, with MyST for Markdown. ``make docs`` makes it; a warning is an error there."""

from __future__ import annotations

from viral_assets import __version__

project = "viral_assets"
version = release = __version__
html_title = f"{project} {release}"

extensions = ["myst_parser", "sphinxcontrib.mermaid"]
exclude_patterns = ["_build"]

# Anchors of headings as code hosts make them, and their way of writing diagrams, so that the pages read there as well.
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
myst_enable_extensions = ["attrs_inline"]

html_theme = "furo"
html_show_sourcelink = False
html_copy_source = False
