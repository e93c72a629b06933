"""The sandbox: invented people with a known truth, and servers that speak each vendor's real wire."""

from headrace.sandbox.app import create_app

__all__ = ["create_app"]
