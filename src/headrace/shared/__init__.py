"""What the processes of a fleet share, on Valkey or Redis: rates, breakers, flights. No personal data."""
