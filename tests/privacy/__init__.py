"""What persons may ask for, and what is promised about their data."""
