"""How the lab's mail servers behave: well, and in every odd way that has been met."""

import ssl
from collections.abc import Callable

from headrace.sandbox.mail.mailboxes import State
from headrace.sandbox.mail.session import Hangup, Session, Silence, lines
from headrace.sandbox.mail.wording import WORDS

Lookup = Callable[[str], State]

_SAME_FOR_ALL = {
    "HELO": lines(250, ["lab"]),
    "RSET": lines(250, ["2.0.0 Ok"]),
    "NOOP": lines(250, ["2.0.0 Ok"]),
    "QUIT": lines(221, ["2.0.0 Bye"]),
    "RCPT": lines(503, ["5.5.1 need MAIL"]),
}


class Plain:
    """A server as it should be. `offers` are the words after its EHLO."""

    offers: tuple[str, ...] = ("PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES")
    certificate: ssl.SSLContext | None = None

    def __init__(self, lookup: Lookup, style: str = "self-hosted") -> None:
        self._lookup = lookup
        self._words = WORDS[style]

    async def greet(self, session: Session) -> bytes:
        """The first reply."""
        return lines(220, [f"{session.server} ESMTP lab"])

    async def answer(self, session: Session, verb: str, argument: str) -> bytes:
        """The reply to one command."""
        match verb:
            case "EHLO":
                return self.hello(session)
            case "MAIL":
                session.sender = argument
                return self.mail(session)
            case "RCPT" if session.sender:
                return self.rcpt(session, argument)
            case "STARTTLS" if self.certificate:
                return lines(220, ["2.0.0 Ready to start TLS"])
        return _SAME_FOR_ALL.get(verb, lines(502, ["5.5.1 Command not implemented"]))

    def hello(self, session: Session) -> bytes:
        """The reply to EHLO."""
        tls = ("STARTTLS",) if self.certificate and not session.encrypted else ()
        return lines(250, [session.server, *self.offers, *tls])

    def mail(self, session: Session) -> bytes:  # noqa: ARG002
        """The reply to MAIL."""
        return lines(250, ["2.1.0 Ok"])

    def rcpt(self, session: Session, address: str) -> bytes:  # noqa: ARG002
        """The reply to RCPT."""
        code, texts = self._words[self._lookup(address)]
        return lines(code, [text.format(address=address) for text in texts])


class Fixed(Plain):
    """Says the same to every recipient, in these very bytes."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(lambda address: State.NONE)
        self._reply = reply

    def rcpt(self, session: Session, address: str) -> bytes:  # noqa: ARG002
        return self._reply


class Greeting(Fixed):
    """Says this and hangs up, or just hangs up."""

    async def greet(self, session: Session) -> bytes:  # noqa: ARG002
        raise Hangup(self._reply)


class Tarpit(Plain):
    """Takes the connection and never says a word."""

    async def greet(self, session: Session) -> bytes:  # noqa: ARG002
        raise Silence


class LateTarpit(Plain):
    """Falls silent at the recipient."""

    def rcpt(self, session: Session, address: str) -> bytes:  # noqa: ARG002
        raise Silence


class Greylist(Plain):
    """Puts strangers off: a sender, a recipient and a client that it has not met together before."""

    def __init__(self, lookup: Lookup, now: Callable[[], float], seconds: float) -> None:
        super().__init__(lookup)
        self._now = now
        self._seconds = seconds
        self._met: dict[tuple[str, str, str], float] = {}

    def rcpt(self, session: Session, address: str) -> bytes:
        triple = (session.peer.rpartition(",")[0], session.sender, address)
        if self._now() - self._met.setdefault(triple, self._now()) < self._seconds:
            return lines(451, [f"4.7.1 <{address}>: Recipient address rejected: Greylisted, come back later"])
        return super().rcpt(session, address)


class Dropping(Plain):
    """Hangs up on the recipient, after these last words."""

    def __init__(self, last_words: bytes) -> None:
        super().__init__(lambda address: State.NONE)
        self._last_words = last_words

    def rcpt(self, session: Session, address: str) -> bytes:  # noqa: ARG002
        raise Hangup(self._last_words)


class OnlyOnce(Plain):
    """Takes one recipient per session, and is annoyed by the second."""

    def rcpt(self, session: Session, address: str) -> bytes:
        if len(session.recipients) > 1:
            return lines(452, ["4.5.3 Too many recipients"])
        return super().rcpt(session, address)


class NoStrangers(Plain):
    """Refuses the sender."""

    def mail(self, session: Session) -> bytes:  # noqa: ARG002
        return lines(550, ["5.1.8 Sender address rejected: Domain not found"])


class OldFashioned(Plain):
    """Knows no EHLO."""

    def hello(self, session: Session) -> bytes:  # noqa: ARG002
        return lines(502, ["Command not implemented"])


class Wordy(Plain):
    """Says everything in many lines, with letters from before Unicode."""

    async def greet(self, session: Session) -> bytes:
        return b"220-Gr\xfc\xdf Gott\r\n220-\r\n220-\xff\xfe\r\n" + await super().greet(session)

    def rcpt(self, session: Session, address: str) -> bytes:
        reply = super().rcpt(session, address)
        return b"".join(reply[:3] + b"-\xe9\xe8 \xa4 %d\r\n" % number for number in range(20)) + reply


class International(Plain):
    """Takes letters of every alphabet."""

    offers = (*Plain.offers, "SMTPUTF8")


class Encrypting(Plain):
    """Offers TLS with a certificate that nobody should trust."""

    def __init__(self, lookup: Lookup, certificate: ssl.SSLContext) -> None:
        super().__init__(lookup)
        self.certificate = certificate


class BrokenTls(Plain):
    """Offers TLS and then does not speak it."""

    offers = (*Plain.offers, "STARTTLS")

    async def answer(self, session: Session, verb: str, argument: str) -> bytes:
        if verb == "STARTTLS":
            raise Hangup(lines(220, ["Go ahead"]) + b"this is no handshake\r\n" * 20)
        return await super().answer(session, verb, argument)
