"""Tests mirror the tree; `compat` holds the documented API, `faults` what vendors can do to us."""
