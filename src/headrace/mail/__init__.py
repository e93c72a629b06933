"""Headrace's own verifier: asks DNS and the mail host itself, and says *cannot tell* when it cannot."""
