"""Headrace's own finder and verifier, as the engine uses them."""

FINDER = "headrace_finder"
PROBE = "headrace_probe"
"""Their names in the orders and in the trace."""
