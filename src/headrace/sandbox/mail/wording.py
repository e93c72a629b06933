"""How kinds of mail hosts word what becomes of a recipient."""

from collections.abc import Mapping

from headrace.sandbox.mail.mailboxes import State

Said = tuple[int, tuple[str, ...]]

_ACCEPTED: Said = (250, ("2.1.5 Ok",))

WORDS: Mapping[str, Mapping[State, Said]] = {
    "self-hosted": {
        State.OPEN: _ACCEPTED,
        State.NONE: (
            550,
            ("5.1.1 <{address}>: Recipient address rejected: User unknown in virtual mailbox table",),
        ),
        State.FULL: (552, ("5.2.2 <{address}>: Mailbox full",)),
        State.DISABLED: (550, ("5.2.1 <{address}>: Recipient address rejected: Mailbox disabled",)),
    },
    "google": {
        State.OPEN: (250, ("2.1.5 OK k3-20020a05lab - gsmtp",)),
        State.NONE: (
            550,
            (
                "5.1.1 The email account that you tried to reach does not exist. Please try",
                "5.1.1 double-checking the recipient's email address for typos or",
                "5.1.1 unnecessary spaces. Learn more at",
                "5.1.1  https://support.google.com/mail/?p=NoSuchUser k3-20020a05lab - gsmtp",
            ),
        ),
        State.FULL: (
            452,
            ("4.2.2 The recipient's inbox is out of storage space.", "4.2.2 k3-20020a05lab - gsmtp"),
        ),
        State.DISABLED: (
            550,
            ("5.2.1 The email account that you tried to reach is inactive.", "5.2.1 k3-lab - gsmtp"),
        ),
    },
    "microsoft": {
        State.OPEN: (250, ("2.1.5 Recipient OK",)),
        State.NONE: (
            550,
            (
                "5.4.1 Recipient address rejected: Access denied. For more information see "
                "https://aka.ms/EXOSmtpErrors [LAB0EUR01FT001.eop-EUR01.prod.protection.outlook.com]",
            ),
        ),
        State.FULL: (550, ("5.2.2 mailbox full",)),
        State.DISABLED: (550, ("5.2.1 Mailbox cannot be accessed: account disabled",)),
    },
    "ovh": {
        State.OPEN: _ACCEPTED,
        State.NONE: (550, ("5.1.1 <{address}>: Recipient address rejected: User unknown",)),
        State.FULL: (552, ("5.2.2 <{address}>: Recipient address rejected: Over quota",)),
        State.DISABLED: (550, ("5.2.1 <{address}>: Recipient address rejected: account disabled",)),
    },
    "ionos": {
        State.OPEN: (250, ("Requested mail action okay, completed",)),
        State.NONE: (
            550,
            (
                "Requested action not taken: mailbox unavailable",
                "For explanation visit https://www.ionos.example/help",
            ),
        ),
        State.FULL: (552, ("Quota exceeded",)),
        State.DISABLED: (550, ("Requested action not taken: mailbox disabled",)),
    },
    "exim": {
        State.OPEN: (250, ("Accepted",)),
        State.NONE: (550, ("No such user here",)),
        State.FULL: (552, ("Mailbox quota exceeded",)),
        State.DISABLED: (550, ("This account has been disabled",)),
    },
}
