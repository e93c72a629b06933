"""What is left when a server ends in the middle of its work."""
