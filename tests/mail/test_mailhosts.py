"""Mail hosts told by their names."""

import pytest

from headrace.mail.mailhosts import known, recognise


@pytest.mark.parametrize(
    ("exchange", "name"),
    [
        ("aspmx.l.google.com", "google_workspace"),
        ("alt3.aspmx.l.google.com", "google_workspace"),
        ("smtp.google.com", "google_workspace"),
        ("alt1.gmail-smtp-in.l.google.com", "gmail"),
        ("corp-example.mail.protection.outlook.com", "microsoft_365"),
        ("corp-example.o-v1.mx.microsoft", "microsoft_365"),
        ("outlook-com.olc.protection.outlook.com", "outlook_consumer"),
        ("mta5.am0.yahoodns.net", "yahoo"),
        ("mx0a-00000001.pphosted.com", "proofpoint"),
        ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
        ("mx00.kundenserver.de", "ionos"),
        ("aspmx.l.google.com.evil.example", ""),
        ("notpphosted.com", ""),
        ("mx.example.org", ""),
    ],
)
def test_recognised(exchange: str, name: str) -> None:
    assert recognise([exchange]).name == name


def test_the_first_known_name_decides() -> None:
    assert recognise(["mx.example.org", "mx1.pphosted.com", "aspmx.l.google.com"]).name == "proofpoint"


def test_every_difference_has_its_reason() -> None:
    for host in known().values():
        for difference in (host.at_once, host.control, host.acceptance, *host.means):
            assert difference is None or difference.reason.endswith(".")
        assert all(rule.text == rule.text.lower() for rule in host.means)
