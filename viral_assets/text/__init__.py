"""Texts: X's rules (weighted length, links, handles), links to X, languages, searching for phrases, and making
untrusted text, counts and sums of money fit for where they go.

Knows no database, no project and no Dagster.
"""
