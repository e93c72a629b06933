"""What is said of a webhook's URL before it is accepted. (`test_guarded_spellings` has the long table.)"""

import pytest

from headrace.ports import Blocked
from headrace.transport.destination import MOST_CHARACTERS, Rules, check_url

NOT_PUBLIC = "points to an address that is not public"
NUMBER = "must write an address as four decimal numbers"
HTTPS = "must start with https://"
BLANKS = "must not hold spaces, backslashes or characters that do not print"
USER = "must not hold a user name or password"


def reason(url: str, allow_http: bool = False, allow_private: tuple[str, ...] = ()) -> str | None:
    try:
        check_url(url, allow_http=allow_http, allow_private=allow_private)
    except Blocked as blocked:
        return blocked.reason
    return None


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example",
        "https://hooks.example/",
        "https://hooks.example./",
        "HTTPS://Hooks.Example/A?b=c#d",
        "https://hooks.example:443/",
        "https://hooks.example:8443/path",
        "https://hooks.example:65535/",
        "https://hooks.example:/",
        "https://hooks.example/user@host:6379",
        "https://hooks.example?mail=a@b.example",
        "https://a_b.hooks-1.example/",
        "https://1and1.example/",
        "https://127.0.0.1.example/",
        "https://bücher.example/zoë?q=ü",
        "https://xn--bcher-kva.example/",
        "https://例え.example/",
        "https://intranet/",
        "https://1.1.1.1/",
        "https://1.1.1.1:8443/",
        "https://[2606:4700:4700::1111]/",
        "https://[::ffff:1.1.1.1]/",
        "https://hooks.example/" + "a" * (MOST_CHARACTERS - 22),
    ],
)
def test_a_usual_url_is_fine(url: str) -> None:
    assert reason(url) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://hooks.example/", HTTPS),
        ("ftp://hooks.example/", HTTPS),
        ("hooks.example/path", HTTPS),
        ("//hooks.example/path", HTTPS),
        ("", HTTPS),
        ("https:///path", "must name a host"),
        ("https:hooks.example", "must name a host"),
        ("https://:443/", "must be a valid URL"),
        ("https://hooks.example/a b", BLANKS),
        ("https://hooks.example\\@other.example/", BLANKS),
        ("https://hooks.example/\n", BLANKS),
        ("https://hooks\u200b.example/", BLANKS),
        ("https://user@hooks.example/", USER),
        ("https://user:password@hooks.example/", USER),
        ("https://@hooks.example/", USER),
        ("https://hooks.example:many/", "must be a valid URL"),
        ("https://hooks.example:65536/", "must be a valid URL"),
        ("https://[hooks.example]/", "must be a valid URL"),
        ("https://[::1/", "must be a valid URL"),
        ("https://hooks%2eexample/", "must not hold a zone or an escape in its host"),
        ("https://[2606:4700:4700::1111%25eth0]/", "must not hold a zone or an escape in its host"),
        ("https://hooks..example/", "must hold a valid host name"),
        ("https://-hooks.example/", "must hold a valid host name"),
        ("https://hooks!.example/", "must hold a valid host name"),
        ("https://" + "a" * 64 + ".example/", "must hold a valid host name"),
        ("https://" + "a." * 127 + "example/", "must hold a valid host name"),
        ("https://127.1/", NUMBER),
        ("https://0x7f000001/", NUMBER),
        ("https://2130706433/", NUMBER),
        ("https://017700000001/", NUMBER),
        ("https://1.1.1.1./", NUMBER),
        ("https://01.1.1.1/", NUMBER),
        ("https://hooks.0x1/", NUMBER),
        ("https://127.0.0.1/", NOT_PUBLIC),
        ("https://１２７.０.０.１/", NOT_PUBLIC),
        ("https://[::ffff:169.254.169.254]/", NOT_PUBLIC),
        ("https://[fd00:ec2::254]/", NOT_PUBLIC),
        ("https://localhost/", NOT_PUBLIC),
        ("https://localhost./", NOT_PUBLIC),
        ("https://hooks.LOCALHOST/", NOT_PUBLIC),
        ("https://hooks.example:0/", "must not use port 0: use 443 or one from 1024 on"),
        ("https://hooks.example:22/", "must not use port 22: use 443 or one from 1024 on"),
        ("https://hooks.example:25/", "must not use port 25: use 443 or one from 1024 on"),
        ("https://hooks.example:80/", "must not use port 80: use 443 or one from 1024 on"),
        ("https://hooks.example:6379/", "must not use port 6379, where Redis listens"),
        ("https://1.1.1.1:5432/", "must not use port 5432, where PostgreSQL listens"),
        ("https://hooks.example/" + "a" * MOST_CHARACTERS, "must not be longer than 2048 characters"),
    ],
)
def test_the_reason_names_what_is_wrong(url: str, expected: str) -> None:
    assert reason(url) == expected


def test_http_is_fine_where_it_is_allowed() -> None:
    assert reason("http://hooks.example/", allow_http=True) is None
    assert reason("http://hooks.example:80/", allow_http=True) is None
    assert reason("https://hooks.example/", allow_http=True) is None
    assert reason("http://127.0.0.1/", allow_http=True) == NOT_PUBLIC
    assert reason("ftp://hooks.example/", allow_http=True) == "must start with https:// or http://"


def test_a_private_network_is_fine_on_any_port_where_it_is_listed() -> None:
    listed = ("10.0.0.0/8", "fd00::/8")
    assert reason("https://10.1.2.3:22/", allow_private=listed) is None
    assert reason("https://[::ffff:10.1.2.3]:6379/", allow_private=listed) is None
    assert reason("https://[fd00::1]/", allow_private=listed) is None
    assert reason("http://10.1.2.3/", allow_private=listed) == HTTPS
    assert reason("https://11.1.2.3:22/", allow_private=listed) is not None
    assert reason("https://192.168.0.1/", allow_private=listed) == NOT_PUBLIC
    assert reason("https://[64:ff9b::10.1.2.3]/", allow_private=listed) == NOT_PUBLIC
    assert reason("https://localhost/", allow_private=listed) == NOT_PUBLIC


def test_localhost_is_fine_where_the_loopback_is_listed() -> None:
    assert reason("https://localhost:22/", allow_private=("127.0.0.0/8",)) is None
    assert reason("https://localhost/", allow_private=("::1/128",)) is None


def test_the_port_of_a_name_is_judged_when_it_is_dialled_if_it_may_lead_to_a_private_network() -> None:
    assert reason("https://intranet:6379/", allow_private=("10.0.0.0/8",)) is None
    rules = Rules.of(allow_http=False, allow_private=("10.0.0.0/8",))
    assert rules.against("10.0.0.1", 6379) is None
    assert rules.against("1.1.1.1", 6379) == "must not use port 6379, where Redis listens"
    assert rules.against("1.1.1.1", 443) is None
    assert rules.against("1.1.1.1", 80) == "must not use port 80: use 443 or one from 1024 on"
    assert rules.against("192.168.0.1", 443) == NOT_PUBLIC


@pytest.mark.parametrize("host", ["hooks.example", "localhost", "127.1", "", "1.1.1.1 ", "1.1.1.1:443"])
def test_only_an_address_is_dialled(host: str) -> None:
    assert Rules.of(allow_http=True, allow_private=("0.0.0.0/0", "::/0")).against(host, 443) == NOT_PUBLIC
