"""Texts: X's rules (weighted length, links, handles), links to X, languages, searching for phrases, and making
untrusted text fit to be shown.

Knows no database, no project and no Dagster.
"""
