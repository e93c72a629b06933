"""Headrace's own verifier, against the mail lab's real sockets."""
