"""Headrace: a self-hosted waterfall that finds a person's contact details in one request."""
