"""The vendor adapters, each by the same suite."""
