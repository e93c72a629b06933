"""Tests of the rules: no clock, no network."""
