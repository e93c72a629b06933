"""The mail lab: a name server and mail servers on the loopback, for the seeded world and for odd cases."""

from headrace.sandbox.mail.lab import MailLab

__all__ = ["MailLab"]
