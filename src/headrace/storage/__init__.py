"""Implements the engine's ports on a database file."""
