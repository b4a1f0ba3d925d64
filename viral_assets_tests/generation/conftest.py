"""Clients of services on loopback, which asks for no certificate."""

from __future__ import annotations

from viral_assets_tests.certificates import few_certificates

__all__ = ["few_certificates"]
