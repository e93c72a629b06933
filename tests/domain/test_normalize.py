"""Many spellings, one meaning."""

import re
import string

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from headrace.domain import normalize, phones

PROFILE = "https://www.linkedin.com/in/jane-doe/"
MEMBER = "ACwAAAbCdEfGhIjKlMnOpQrStUvWxYz"


# Text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        (" \t\r\n ", None),
        ("\u00a0\u2003", None),
        ("Jane", "Jane"),
        ("  Jane \n  van   Doe\t", "Jane van Doe"),
        ("Zoë\u00a0Ångström", "Zoë Ångström"),
    ],
)
def test_text_is_one_line_or_nothing(value: str | None, expected: str | None) -> None:
    assert normalize.text(value) == expected


# Domains


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("acme.com", "acme.com"),
        (" ACME.com ", "acme.com"),
        ("www.acme.com", "acme.com"),
        ("WWW.Acme.Co.UK", "acme.co.uk"),
        ("http://acme.com", "acme.com"),
        ("https://www.acme.com/about?x=1#team", "acme.com"),
        ("HTTPS://ACME.COM/", "acme.com"),
        ("acme.com/path", "acme.com"),
        ("acme.com?source=mail", "acme.com"),
        ("acme.com#top", "acme.com"),
        ("acme.com/?next=https://other.com", "acme.com"),
        ("acme.com:8080", "acme.com"),
        ("https://user:secret@acme.com:8443/x", "acme.com"),
        ("//acme.com/", "acme.com"),
        ("jane@acme.com", "acme.com"),
        ("acme.com.", "acme.com"),
        ("sub.acme.com", "sub.acme.com"),
        ("www.com", "www.com"),
        ("www.www.acme.com", "acme.com"),
        ("wwwacme.com", "wwwacme.com"),
        ("xn--mller-kva.de", "xn--mller-kva.de"),
        ("müller.de", "xn--mller-kva.de"),
        ("https://www.MÜLLER.de/kontakt", "xn--mller-kva.de"),
        ("www。müller。de", "xn--mller-kva.de"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("acme.xn--p1ai", "acme.xn--p1ai"),
        ("a-b.acme-corp.io", "a-b.acme-corp.io"),
        ("3m.com", "3m.com"),
    ],
)
def test_a_domain_is_found_in_any_spelling(value: str, expected: str) -> None:
    assert normalize.domain(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "acme",
        "localhost",
        ".",
        "..",
        ".com",
        "acme..com",
        "-acme.com",
        "acme-.com",
        "acme com",
        "a_b.com",
        "http://",
        "https:///path",
        "http://[::1]/",
        "http://[::1",
        "192.168.0.1",
        "10.20.30.40",
        "127.0.0.10:80",
        "acme.c",
        "acme.-com",
        f"{'a' * 64}.com",
        f"{'ü' * 64}.com",
        f"{'a.' * 150}com",
        "acme.com\x00.evil",
        "N/A",
        "ℂ℀.com",
        "acme。",
    ],
)
def test_what_is_no_domain_is_nothing(value: str) -> None:
    assert normalize.domain(value) is None


# Profiles


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (PROFILE, PROFILE),
        ("https://www.linkedin.com/in/jane-doe", PROFILE),
        ("http://linkedin.com/in/jane-doe/", PROFILE),
        ("HTTPS://WWW.LINKEDIN.COM/in/jane-doe", PROFILE),
        ("www.linkedin.com/in/jane-doe", PROFILE),
        ("linkedin.com/in/jane-doe/", PROFILE),
        ("//www.linkedin.com/in/jane-doe/", PROFILE),
        ("  https://www.linkedin.com/in/jane-doe/  ", PROFILE),
        ("https://fr.linkedin.com/in/jane-doe/", PROFILE),
        ("de.linkedin.com/in/jane-doe", PROFILE),
        ("https://m.linkedin.com/in/jane-doe", PROFILE),
        ("https://www.linkedin.com/in/jane-doe/?originalSubdomain=fr", PROFILE),
        ("https://www.linkedin.com/in/jane-doe?trk=people-guest#about", PROFILE),
        ("linkedin.com/in/jane-doe?next=https://example.com/", PROFILE),
        ("https://www.linkedin.com/in/jane-doe/en", PROFILE),
        ("https://www.linkedin.com/in/jane-doe/details/experience/", PROFILE),
        ("https://www.linkedin.com//in/jane-doe/", PROFILE),
        ("https://www.linkedin.com/IN/jane-doe/", PROFILE),
        (f"https://www.linkedin.com/in/{MEMBER}", f"https://www.linkedin.com/in/{MEMBER}/"),
        (
            f"https://www.linkedin.com/sales/lead/{MEMBER},NAME_SEARCH,x1Yz",
            f"https://www.linkedin.com/in/{MEMBER}/",
        ),
        (f"https://www.linkedin.com/sales/people/{MEMBER},name", f"https://www.linkedin.com/in/{MEMBER}/"),
        ("https://www.linkedin.com/in/jos%C3%A9-p%C3%A9rez/", "https://www.linkedin.com/in/josé-pérez/"),
        ("https://www.linkedin.com/in/josé-pérez", "https://www.linkedin.com/in/josé-pérez/"),
        ("https://www.linkedin.com/in/山田太郎-123", "https://www.linkedin.com/in/山田太郎-123/"),
        ("https://www.linkedin.com/in/%F0%9F%9A%80-jane", "https://www.linkedin.com/in/🚀-jane/"),
    ],
)
def test_a_profile_is_found_in_any_spelling(value: str, expected: str) -> None:
    assert normalize.linkedin_url(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "jane-doe",
        "https://www.linkedin.com/",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/company/acme/",
        "https://www.linkedin.com/school/acme/",
        "https://www.linkedin.com/feed/in/jane-doe",
        "https://www.linkedin.com.evil.example/in/jane-doe/",
        "https://evil.example/www.linkedin.com/in/jane-doe/",
        "https://notlinkedin.com/in/jane-doe/",
        "https://linkedin.com@evil.example/in/jane-doe",
        "javascript://www.linkedin.com/in/jane-doe",
        "ftp://www.linkedin.com/in/jane-doe",
        "https://[::1/in/jane-doe",
        "https://[linkedin.com]/in/jane-doe",
        "https://www.linkedin.com/in/a%2Fb",
        "https://www.linkedin.com/in/a%3Fb",
        "https://www.linkedin.com/in/a%0D%0AX-Evil:%201",
        "https://www.linkedin.com/in/%00",
        "https://www.linkedin.com/in/%252e",
        "https://www.linkedin.com/in/%20",
        "https://www.linkedin.com/in/..",
        "https://www.linkedin.com/in/jane%FF",
        "https://ℂ℀.com/in/jane",
    ],
)
def test_what_is_no_profile_is_nothing(value: str) -> None:
    assert normalize.linkedin_url(value) is None


# Addresses


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("jane@acme.com", "jane@acme.com"),
        (" Jane.Doe@ACME.com\n", "jane.doe@acme.com"),
        ("jane+work@acme.co.uk", "jane+work@acme.co.uk"),
        ("j_d-1@acme-corp.io", "j_d-1@acme-corp.io"),
        ("o'brien@acme.com", "o'brien@acme.com"),
        ("jane@xn--mller-kva.de", "jane@xn--mller-kva.de"),
        ("jane@acme.example", "jane@acme.example"),
        ("zoë@acme.com", "zoë@acme.com"),
        (f"{'a' * 64}@acme.com", f"{'a' * 64}@acme.com"),
    ],
)
def test_an_address_is_in_lower_case(value: str, expected: str) -> None:
    assert normalize.address(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "N/A",
        "null",
        "jane",
        "jane@",
        "@acme.com",
        "jane@@acme.com",
        "jane@acme",
        "jane@localhost",
        "jane@acme..com",
        "jane@.com",
        "jane@-acme.com",
        "jane@acme.com.",
        ".jane@acme.com",
        "jane.@acme.com",
        "ja..ne@acme.com",
        "jane doe@acme.com",
        "jane@acme.com, john@acme.com",
        "Jane Doe <jane@acme.com>",
        "mailto:jane@acme.com",
        "jane@acme.com\r\nBcc: x@acme.com",
        '"jane doe"@acme.com',
        "jane@[127.0.0.1]",
        "jane@127.0.0.1",
        "j***@acme.com",
        f"{'a' * 65}@acme.com",
        f"jane@{'a' * 64}.com",
        f"jane@{'a.' * 130}com",
        "jane@acme.com\x00",
    ],
)
def test_what_is_no_address_is_nothing(value: str) -> None:
    assert normalize.address(value) is None


# Countries


@pytest.mark.parametrize(
    ("value", "expected"),
    [("FR", "FR"), ("fr", "FR"), (" gB ", "GB"), ("US", "US"), ("XK", "XK"), ("RE", "RE")],
)
def test_a_country_is_two_capital_letters(value: str, expected: str) -> None:
    assert phones.country(value) == expected


@pytest.mark.parametrize(
    "value", ["", "F", "FRA", "France", "UK", "EU", "ZZ", "AA", "33", "+33", "001", "ß", "ﬁ", "F R"]
)
def test_what_is_no_country_is_nothing(value: str) -> None:
    assert phones.country(value) is None


# Phones


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("+33612345678", None, "+33612345678"),
        ("+33 6 12 34 56 78", None, "+33612345678"),
        ("+33 (0)6 12 34 56 78", None, "+33612345678"),
        ("+33(0)612345678", None, "+33612345678"),
        ("0033612345678", None, "+33612345678"),
        ("00 33 6 12 34 56 78", None, "+33612345678"),
        ("33612345678", None, "+33612345678"),
        ("33 6 12 34 56 78", None, "+33612345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("0612345678", "FR", "+33612345678"),
        ("06.12.34.56.78", "FR", "+33612345678"),
        ("+1 415 555 2671", None, "+14155552671"),
        ("+1 (415) 555-2671", None, "+14155552671"),
        ("+1-415-555-2671", None, "+14155552671"),
        ("+1.415.555.2671", None, "+14155552671"),
        ("1 415 555 2671", None, "+14155552671"),
        ("14155552671", None, "+14155552671"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("415-555-2671", "CA", "+14155552671"),
        ("+1 415 555 2671 ext. 12", None, "+14155552671"),
        ("+1 415 555 2671 x12", None, "+14155552671"),
        ("tel:+14155552671", None, "+14155552671"),
        ("TEL:+1-415-555-2671", None, "+14155552671"),
        ("Tel: +1 415 555 2671", None, "+14155552671"),
        ("+44 20 7946 0958", None, "+442079460958"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+44 7700 900123", None, "+447700900123"),
        ("447911123456", None, "+447911123456"),
        ("+49 (0)30 901820", None, "+4930901820"),
        ("0049-30-901820", None, "+4930901820"),
        ("030/901820", "DE", "+4930901820"),
        ("+39 06 698 1234", None, "+39066981234"),
        ("+39 347 123 4567", None, "+393471234567"),
        ("+34 612 34 56 78", None, "+34612345678"),
        ("+351 912 345 678", None, "+351912345678"),
        ("+41 44 668 18 00", None, "+41446681800"),
        ("+32 470 12 34 56", None, "+32470123456"),
        ("+91 98765 43210", None, "+919876543210"),
        ("098765 43210", "IN", "+919876543210"),
        ("+55 (11) 91234-5678", None, "+5511912345678"),
        ("+81 90-1234-5678", None, "+819012345678"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("+61 412 345 678", None, "+61412345678"),
        ("+7 (912) 345-67-89", None, "+79123456789"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("+972 50-123-4567", None, "+972501234567"),
        ("+262 692 12 34 56", None, "+262692123456"),
        ("\u202a+33 6 12 34 56 78\u202c", None, "+33612345678"),
        ("+33\u00a06\u00a012\u00a034\u00a056\u00a078", None, "+33612345678"),
        ("＋３３６１２３４５６７８", None, "+33612345678"),
        ("+33‑6‑12‑34‑56‑78", None, "+33612345678"),
    ],
)
def test_a_number_is_found_in_any_spelling(value: str, region: str | None, expected: str) -> None:
    assert phones.e164(value, region) == expected


@pytest.mark.parametrize(
    ("value", "region"),
    [
        ("", None),
        ("N/A", None),
        ("none", "FR"),
        ("+", None),
        ("00", None),
        ("+33", None),
        ("+33 6", None),
        ("+33 6 12 34 56 78 90 12 34 56", None),
        ("+999 123 456 789", None),
        ("+0 123 456 789", None),
        ("0612345678", None),
        ("555-2671", "US"),
        ("+1 555 2671", None),
        ("112", "FR"),
        ("911", "US"),
        ("123456", None),
        ("+33 6 ** ** ** 78", None),
        ("jane@acme.com", "FR"),
        ("1" * 300, None),
    ],
)
def test_what_is_no_number_is_nothing(value: str, region: str | None) -> None:
    assert phones.e164(value, region) is None


@pytest.mark.parametrize(
    ("values", "countries", "kept", "foreign"),
    [
        (("+33612345678",), (), ("+33612345678",), False),
        (("+33612345678",), ("FR",), ("+33612345678",), False),
        (("+33612345678",), ("DE", "FR"), ("+33612345678",), False),
        (("+33612345678",), ("DE",), (), True),
        (("0612345678",), ("FR",), ("+33612345678",), False),
        (("0612345678",), ("FR", "DE"), (), False),
        (("+14155552671",), ("US",), ("+14155552671",), False),
        (("+14155552671",), ("CA",), (), True),
        (("+14165550123",), ("CA",), ("+14165550123",), False),
        (("+447700900123", "+33612345678", "0033612345678"), ("FR",), ("+33612345678",), True),
        (("nothing", "+33612345678", "+447700900123"), (), ("+33612345678", "+447700900123"), False),
        (("nothing",), ("FR",), (), False),
        ((), ("FR",), (), False),
        (("+262692123456",), ("RE",), ("+262692123456",), False),
        (("+262692123456",), ("FR",), (), True),
    ],
)
def test_numbers_are_kept_in_order_once_each_and_only_from_the_countries_wanted(
    values: tuple[str, ...], countries: tuple[str, ...], kept: tuple[str, ...], foreign: bool
) -> None:
    assert phones.usable(values, countries) == (kept, foreign)


# Whatever the text

noise = st.one_of(
    st.text(),
    st.text(alphabet=string.ascii_letters + string.digits + ".-_@:/?#%[]+ \t\r\n\x00"),
    st.text(alphabet="aw.ü。ß@:/%[]2F+0"),
)
hosts = st.from_regex(r"(www\.)?[a-z0-9-]{1,12}(\.[a-z0-9ü。-]{1,8}){1,3}", fullmatch=True)
profiles = st.builds("https://www.linkedin.com/in/{}".format, noise)
digits = st.text(alphabet=string.digits + "+ ()-./x", max_size=24)
regions = st.sampled_from([None, "FR", "US", "DE", "IT", "GB", "JP"])


@given(noise | hosts)
@example("//[")
@example("ℂ℀.com")
@example("www.www.a.bc")
def test_a_domain_is_ascii_lower_case_and_stays_what_it_is(value: str) -> None:
    domain = normalize.domain(value)
    if domain is not None:
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain)
        assert len(domain) <= 253
        assert normalize.domain(domain) == domain
        assert normalize.domain(f"https://www.{domain}/x") == domain


@given(noise | profiles)
@example("https://[")
@example("https://www.linkedin.com/in/%2541")
def test_a_profile_is_a_link_of_one_form_and_stays_what_it_is(value: str) -> None:
    url = normalize.linkedin_url(value)
    if url is not None:
        assert re.fullmatch(r"https://www\.linkedin\.com/in/[^/?#%\s\x00-\x1f]+/", url)
        assert normalize.linkedin_url(url) == url
        assert normalize.linkedin_url(url.removeprefix("https://www.")) == url


@given(noise | st.emails() | st.builds("{}@{}".format, noise, hosts))
def test_an_address_is_lower_case_and_stays_what_it_is(value: str) -> None:
    address = normalize.address(value)
    if address is not None:
        assert address == address.lower().strip()
        local, _, host = address.rpartition("@")
        assert local
        assert "." in host
        assert not re.search(r"[\s\x00-\x1f]", address)
        assert normalize.address(address) == address


@given(noise | st.text(min_size=2, max_size=2))
def test_a_country_is_two_letters_and_stays_what_it_is(value: str) -> None:
    country = phones.country(value)
    if country is not None:
        assert re.fullmatch("[A-Z]{2}", country)
        assert value.strip().isascii()
        assert phones.country(country.lower()) == country


@given(noise | digits, regions)
def test_a_number_is_e164_and_stays_what_it_is(value: str, region: str | None) -> None:
    number = phones.e164(value, region)
    if number is not None:
        assert re.fullmatch(r"\+[1-9][0-9]{4,16}", number)
        assert phones.e164(number) == number
        assert phones.e164(number, "BR") == number


@given(
    st.lists(noise | digits | st.sampled_from(["+33612345678", "+447700900123", "0612345678"]), max_size=5)
)
def test_restricting_countries_never_adds_a_number(values: list[str]) -> None:
    everywhere, none_foreign = phones.usable(values)
    assert not none_foreign
    french, foreign = phones.usable(values, ("FR", "GB"))
    assert set(french) <= set(everywhere)
    assert foreign == bool(set(everywhere) - set(french))
    assert len(set(everywhere)) == len(everywhere)


@given(noise)
def test_text_has_no_double_spaces_and_stays_what_it_is(value: str) -> None:
    text = normalize.text(value)
    if text is not None:
        assert text == text.strip()
        assert "  " not in text
        assert not re.search(r"[\t\r\n]", text)
        assert normalize.text(text) == text
