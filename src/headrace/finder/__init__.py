"""Headrace's own finder: from a name and a domain to likely addresses, and from evidence to a verdict."""
