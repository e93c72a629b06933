"""Headrace's own finder and verifier, through the API and the commands."""
