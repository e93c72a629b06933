"""The pure part of the finder: names to candidates, habits learned, evidence combined."""
