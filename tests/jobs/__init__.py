"""Durable background work, on real databases."""
