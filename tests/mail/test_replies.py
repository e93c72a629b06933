"""What a reply says about a mailbox; above all, when it says nothing."""

import random

import pytest

from headrace.mail.evidence import Result
from headrace.mail.mailhosts import UNRECOGNISED, known
from headrace.mail.replies import Heard, Reading, Reply, Stage, read
from tests.mail.policy_texts import policy_reply

ANYONE = UNRECOGNISED


def told(code: int, text: str, host: str = ANYONE, stage: Stage = Stage.RCPT) -> Reading:
    return read(Heard(stage, Reply(code, text)), known()[host])


NOBODY = [
    (550, "5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table", ANYONE),
    (550, "5.1.1 The email account that you tried to reach does not exist. Please try", "google_workspace"),
    (550, "5.1.1 <a@b.example>: Recipient address rejected: User unknown in relay recipient table", ANYONE),
    (550, "5.1.1 User does not exist - <a@b.example>", "zoho"),
    (550, "Invalid Recipient - https://community.mimecast.example/docs#550 [abc]", "mimecast"),
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", ANYONE),
    (550, "5.4.1 Recipient address rejected: Access denied. AS(201806281)", "microsoft_365"),
    (550, "5.4.1 Recipient address rejected: Access denied. [LAB]", ANYONE),
    (550, "Requested action not taken: mailbox unavailable", "ionos"),
    (550, "No such user here", ANYONE),
    (550, "<a@b.example> Benutzer nicht bekannt/User unknown", ANYONE),
    (550, "5.2.0 No such mailbox", ANYONE),
    (550, "MAILBOX NOT FOUND", ANYONE),
    (551, "User not local", ANYONE),
    (553, "5.3.0 <a@b.example>... No such user", ANYONE),
    (554, "Sorry, no mailbox here by that name. (#5.1.1)", ANYONE),
    (550, "5.1.1 <spamhaus@blocked.example>: User unknown", ANYONE),
    (556, "5.1.10 Recipient address has null MX", ANYONE),
]
NOTHING = [
    (550, "5.7.606 Access denied, banned sending IP [192.0.2.1]", "microsoft_365"),
    (550, "5.7.1 Recipient address rejected: Access denied", "microsoft_365"),
    (550, "Access denied", "microsoft_365"),
    (550, "5.4.1 Recipient address rejected: Access denied. Your IP is on our blocklist", "microsoft_365"),
    (554, "5.7.1 <a@b.example>: Recipient address rejected: User unknown", ANYONE),
    (550, "Requested action not taken: mailbox unavailable", ANYONE),
    (
        550,
        "Requested action not taken: mailbox unavailable\ninvalid DNS MX or A/AAAA resource record",
        "ionos",
    ),
    (550, "5.5.0 Requested action not taken: mailbox unavailable (S2017062302)", "outlook_consumer"),
    (550, "5.1.1 User unknown; client host [192.0.2.1] blocked using zen.spamhaus.org", ANYONE),
    (550, "5.1.8 <check@probe.example>: Sender address rejected: Domain not found", ANYONE),
    (550, "#5.1.0 Address rejected.", ANYONE),
    (550, "4.1.1 User unknown", ANYONE),
    (550, "", ANYONE),
    (554, "delivery error: dd This user doesn't have a yahoo.com account", "yahoo"),
    (450, "4.1.1 <a@b.example>: User unknown", ANYONE),
    (252, "2.5.2 Cannot VRFY user, but will accept message", ANYONE),
    (354, "go ahead", ANYONE),
    (503, "5.5.1 no such user", ANYONE),
]
OTHERS = [
    (250, "OK", "accepted"),
    (251, "User not local; will forward", "accepted"),
    (550, "5.2.1 The email account that you tried to reach is inactive.", "disabled"),
    (550, "This account has been disabled", "disabled"),
    (552, "5.2.2 Over STORAGE quota", "full"),
    (452, "4.2.2 The recipient's inbox is out of storage space.", "full"),
    (550, "Mailbox quota exceeded", "full"),
    (452, "4.5.3 Too many recipients", "rate"),
    (421, "4.3.2 closing", "rate"),
    (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that", "rate"),
    (452, "4.3.1 Insufficient system storage", "rate"),
    (452, "4.3.1 Insufficient system storage: disk quota exceeded", "rate"),
    (452, "4.3.1 Out of storage space", "rate"),
    (451, "4.3.0 Mailbox storage is full on server, queue", "grey"),
    (452, "Requested action not taken: disk quota exceeded", "rate"),
    (552, "5.3.0 Requested action aborted: disk quota exceeded", "policy"),
    (552, "This user is over the disk quota", "full"),
    (452, "4.2.2 Disk quota exceeded", "full"),
    (451, "4.7.1 Greylisting in action, please come back later", "grey"),
    (450, "4.2.0 Recipient address rejected: Greylisted, see http://postgrey.example/help", "grey"),
    (451, "Internal resource temporarily unavailable", "grey"),
    (450, "4.7.1 Client host rejected: cannot find your reverse hostname", "policy"),
    (
        451,
        "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation",
        "policy",
    ),
    (501, "5.1.3 Bad recipient address syntax", "protocol"),
]


@pytest.mark.parametrize(("code", "text", "host"), NOBODY)
def test_no_such_mailbox(code: int, text: str, host: str) -> None:
    assert told(code, text, host).result is Result.NO


@pytest.mark.parametrize(("code", "text", "host"), NOTHING)
def test_says_nothing(code: int, text: str, host: str) -> None:
    assert told(code, text, host).result is Result.UNKNOWN


@pytest.mark.parametrize(("code", "text", "means"), OTHERS)
def test_class(code: int, text: str, means: str) -> None:
    assert told(code, text).means == means


@pytest.mark.parametrize(("code", "text", "host"), NOBODY)
@pytest.mark.parametrize("stage", [Stage.GREETING, Stage.HELLO, Stage.STARTTLS, Stage.MAIL])
def test_only_the_reply_to_rcpt_is_about_a_mailbox(code: int, text: str, host: str, stage: Stage) -> None:
    assert told(code, text, host, stage).result is Result.UNKNOWN


@pytest.mark.parametrize(
    "text", ["5.7.1 blocked using zen.spamhaus.org", "5.7.606 Access denied, banned sending IP"]
)
def test_a_host_that_does_not_want_our_address(text: str) -> None:
    assert told(550, text).blocks_us


@pytest.mark.parametrize(
    "text", ["5.7.1 Message refused by policy", "5.1.1 User unknown", "Address rejected"]
)
def test_a_host_that_does_not_want_this_mail(text: str) -> None:
    assert not told(550, text).blocks_us


@pytest.mark.parametrize(("fault", "means"), [("reply_too_long", "protocol"), ("connect_timeout", "network")])
def test_no_reply(fault: str, means: str) -> None:
    reading = read(Heard(Stage.RCPT, fault=fault), known()[ANYONE])
    assert (reading.means, reading.reason, reading.result) == (means, fault, Result.UNKNOWN)


def test_no_policy_reply_calls_an_address_undeliverable() -> None:
    draw = random.Random(20)
    hosts = list(known())
    wrong = []
    for _ in range(10_000):
        reply, host = policy_reply(draw), draw.choice(hosts)
        if told(reply.code, reply.text, host).result is not Result.UNKNOWN:
            wrong.append((host, reply))
    assert not wrong, wrong[:20]
