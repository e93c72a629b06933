"""The public API as its pages document it."""
