"""However a person is spelt, it is the same person; and no other."""

import string

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from headrace.domain import normalize
from headrace.domain.identity import (
    Identifier,
    of_address,
    of_contact,
    of_linkedin,
    of_name,
    of_phone,
)
from headrace.domain.model import Contact
from tests.domain.builders import SOMEBODY

PLAIN = string.ascii_lowercase
JOSE = Identifier("linkedin", "josé-pérez")

words = st.text(PLAIN, min_size=1, max_size=8)
locals_ = st.lists(words, min_size=1, max_size=3).map(".".join)
hosts = st.builds("{}.{}".format, words, st.sampled_from(["com", "co.uk", "example", "io"]))
tags = st.just("") | st.text(PLAIN + string.digits + "-_+", max_size=8).map("+{}".format)
spaces = st.sampled_from(["", " ", "\n", "\t "])


@st.composite
def any_case(draw: st.DrawFn, text: str) -> str:
    """`text` with some letters in upper case."""
    raised = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    return "".join(char.upper() if up else char for char, up in zip(text, raised, strict=True))


# Addresses


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("jane@acme.com", "jane@acme.com"),
        (" Jane.Doe@ACME.com\n", "jane.doe@acme.com"),
        ("jane+news@acme.com", "jane@acme.com"),
        ("jane+a+b@acme.com", "jane@acme.com"),
        ("+jane@acme.com", "+jane@acme.com"),
        ("j.a.n.e+x@googlemail.com", "jane@gmail.com"),
        ("JANE@GMAIL.COM", "jane@gmail.com"),
        ("j.ane@notgmail.com", "j.ane@notgmail.com"),
        ("jane@müller.de", "jane@xn--mller-kva.de"),
        ("jane@MÜLLER.DE", "jane@xn--mller-kva.de"),
        ("jane@xn--mller-kva.de", "jane@xn--mller-kva.de"),
        ("jane@XN--MLLER-KVA.de", "jane@xn--mller-kva.de"),
        ("jane@mu\u0308ller.de", "jane@xn--mller-kva.de"),
        ("jane@acme.рф", "jane@acme.xn--p1ai"),
        ("jane@acme.xn--p1ai", "jane@acme.xn--p1ai"),
        ("jane@straße.de", "jane@strasse.de"),
        ("jane@xn--strae-oqa.de", "jane@strasse.de"),
        ("jane@\u05d01.com", "jane@xn--1-zhc.com"),
        ("jane@xn--1-zhc.com", "jane@xn--1-zhc.com"),
        ("zoë@acme.com", "zoë@acme.com"),
        ("zoe\u0308@acme.com", "zoë@acme.com"),
        ("ZOË@acme.com", "zoë@acme.com"),
        ("ｊａｎｅ@acme.com", "jane@acme.com"),
        ("jane＋news@acme.com", "jane@acme.com"),
    ],
)
def test_an_address_has_one_value(spelling: str, value: str) -> None:
    assert of_address(spelling) == Identifier("email", value)


@given(st.data(), locals_, hosts, tags, spaces)
def test_case_tags_and_spaces_are_the_same_mailbox(
    data: st.DataObject, local: str, host: str, tag: str, space: str
) -> None:
    spelling = data.draw(any_case(f"{local}{tag}@{host}"))
    assert of_address(f"{space}{spelling}{space}") == Identifier("email", f"{local}@{host}")


@given(st.data(), st.text(PLAIN + string.digits, min_size=1, max_size=12), tags)
def test_dots_and_the_older_name_are_the_same_gmail_mailbox(
    data: st.DataObject, local: str, tag: str
) -> None:
    dots = data.draw(st.lists(st.sampled_from(["", "."]), min_size=len(local) - 1, max_size=len(local) - 1))
    dotted = "".join(map(str.__add__, local, [*dots, ""]))
    host = data.draw(st.sampled_from(["gmail.com", "googlemail.com", "GMail.com"]))
    assert of_address(f"{dotted}{tag}@{host}") == Identifier("email", f"{local}@gmail.com")


@given(st.text("abcüéøñßыи例え-", min_size=1, max_size=10).map("a{}z".format))
@example("a-z")
def test_both_forms_of_an_international_domain_are_the_same(label: str) -> None:
    host = f"{label}.com"
    ascii_host = normalize.domain(host)
    if ascii_host is not None:  # not every mixture is a name
        inside = of_address(f"jane@{ascii_host}")
        assert inside == Identifier("email", f"jane@{ascii_host}")
        for spelling in (host, host.upper()):
            # The rules for addresses are newer and stricter than those for hosts.
            if normalize.address(f"jane@{spelling}"):
                assert of_address(f"jane@{spelling}") == inside
            assert of_name("Jane", "Doe", spelling) == of_name("Jane", "Doe", ascii_host)


@given(st.tuples(locals_, hosts), st.tuples(locals_, hosts))
def test_other_mailboxes_are_other_people(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (of_address("@".join(one)) == of_address("@".join(other))) == (one == other)


# Phones


@pytest.mark.parametrize(
    ("spelling", "region"),
    [
        ("+33612345678", None),
        ("+33 (0)6 12 34 56 78", None),
        ("0033 6-12-34-56-78", None),
        ("33612345678", None),
        ("tel:+33-6-12-34-56-78", None),
        ("06 12 34 56 78", "FR"),
        ("06.12.34.56.78", "fr"),
        ("+33612345678", "US"),
        ("＋３３６１２３４５６７８", None),
    ],
)
def test_a_phone_has_one_value(spelling: str, region: str | None) -> None:
    assert of_phone(spelling, region) == Identifier("phone", "+33612345678")


french = st.text(string.digits, min_size=8, max_size=8).map("6{}".format)


@given(st.data(), french)
def test_separators_and_prefixes_are_the_same_phone(data: st.DataObject, number: str) -> None:
    gaps = data.draw(st.lists(st.sampled_from(["", " ", "-", ".", "\u00a0"]), min_size=9, max_size=9))
    prefix = data.draw(st.sampled_from(["+33", "0033 ", "+33 (0)", "tel:+33", "0"]))
    spelling = prefix + "".join(map(str.__add__, number, gaps))
    assert of_phone(spelling, "FR") == Identifier("phone", f"+33{number}")


@given(french, french)
def test_other_phones_are_other_people(one: str, other: str) -> None:
    assert (of_phone(f"+33{one}") == of_phone(f"0{other}", "FR")) == (one == other)


# Profiles


@pytest.mark.parametrize(
    "spelling",
    [
        "https://www.linkedin.com/in/josé-pérez/",
        "https://www.linkedin.com/in/jos%C3%A9-p%C3%A9rez",
        "https://www.linkedin.com/in/jos%c3%a9-p%c3%a9rez/?trk=people-guest#about",
        "https://es.linkedin.com/in/José-Pérez/en",
        "https://www.linkedin.com/in/jose%CC%81-pe%CC%81rez/",
        "HTTP://LinkedIn.com/IN/JOSÉ-PÉREZ",
        "linkedin.com/pub/josé-pérez",
        "m.linkedin.com/in/josé-pérez/details/skills/",
        " //ar.linkedin.com/in/josé-pérez\n",
    ],
)
def test_a_profile_has_one_value(spelling: str) -> None:
    assert of_linkedin(spelling) == JOSE


slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)


@given(st.data(), slugs)
def test_country_hosts_locales_queries_and_case_are_the_same_profile(data: st.DataObject, slug: str) -> None:
    scheme = data.draw(st.sampled_from(["https://", "http://", "//", ""]))
    host = data.draw(st.sampled_from(["www.", "", "fr.", "de.", "uk.", "m."]))
    tail = data.draw(st.sampled_from(["", "/", "/en", "/fr/", "?x=1", "/?originalSubdomain=fr", "#top"]))
    spelt = data.draw(any_case(slug))
    encoded = "".join(f"%{ord(char):02X}" for char in spelt) if data.draw(st.booleans()) else spelt
    assert of_linkedin(f"{scheme}{host}linkedin.com/in/{encoded}{tail}") == Identifier("linkedin", slug)


@given(slugs, slugs)
def test_other_profiles_are_other_people(one: str, other: str) -> None:
    links = (of_linkedin(f"https://www.linkedin.com/in/{slug}/") for slug in (one, other))
    assert (next(links) == next(links)) == (one == other)


# Names


@pytest.mark.parametrize(
    ("first", "last", "domain", "value"),
    [
        ("Jane", "Doe", "acme.com", "janedoe acme.com"),
        (" JANE ", "doe", "https://www.ACME.com/team", "janedoe acme.com"),
        ("Jean-Pierre", "Dupont", "acme.com", "jeanpierredupont acme.com"),
        ("Jean Pierre", "Dupont", "acme.com", "jeanpierredupont acme.com"),
        ("Jean", "Pierre Dupont", "acme.com", "jeanpierredupont acme.com"),
        ("Sean", "O'Brien", "acme.com", "seanobrien acme.com"),
        ("Seán", "O\u2019Brien", "acme.com", "seanobrien acme.com"),
        ("Zoë", "Ångström", "acme.com", "zoeangstrom acme.com"),
        ("Zoe\u0308", "A\u030angstro\u0308m", "acme.com", "zoeangstrom acme.com"),
        ("Jürgen", "Groß", "müller.de", "jurgengross xn--mller-kva.de"),
        ("JÜRGEN", "GROSS", "xn--mller-kva.de", "jurgengross xn--mller-kva.de"),
        ("Jürgen", "GROẞ", "straße.de", "jurgengross strasse.de"),
        ("Jürgen", "Gross", "xn--strae-oqa.de", "jurgengross strasse.de"),
        ("Søren", "Łukasz", "acme.com", "sorenlukasz acme.com"),
        ("İpek", "Yıldız", "acme.com", "ipekyildiz acme.com"),
        ("J.", "R. Smith 3", "acme.com", "jrsmith3 acme.com"),
        ("Jane ❤\ufe0f", "Doe 🚀", "acme.com", "janedoe acme.com"),
        ("太郎", "山田", "acme.jp", "太郎山田 acme.jp"),
        ("राम", "शर्मा", "acme.in", "रामशर्मा acme.in"),
    ],
)
def test_a_name_at_a_domain_has_one_value(first: str, last: str, domain: str, value: str) -> None:
    assert of_name(first, last, domain) == Identifier("name_domain", value)


@given(st.data(), words, words, hosts)
def test_case_accents_and_hyphens_are_the_same_name(
    data: st.DataObject, first: str, last: str, host: str
) -> None:
    marks = st.lists(
        st.sampled_from(["", "", "-", " ", "'", "\u0301", "\u0308"]), min_size=len(first), max_size=len(first)
    )
    spelt = "".join(map(str.__add__, data.draw(any_case(first)), data.draw(marks)))
    site = data.draw(st.sampled_from(["{}", "www.{}", "https://{}/", "HTTP://WWW.{}"])).format(host)
    assert of_name(spelt, data.draw(any_case(last)), site) == of_name(first, last, host)


people = st.tuples(words, words, hosts)


@given(people, people)
def test_other_names_or_domains_are_other_people(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    same = (one[0] + one[1], one[2]) == (other[0] + other[1], other[2])
    assert (of_name(*one) == of_name(*other)) == same


@pytest.mark.parametrize(
    ("one", "other"), [("राम", "रमा"), ("が", "か゚"), ("Müller", "Mueller"), ("金", "全")]
)
def test_what_only_looks_like_an_accent_tells_names_apart(one: str, other: str) -> None:
    assert of_name("A", one, "acme.com") != of_name("A", other, "acme.com")


@pytest.mark.parametrize(
    ("first", "last", "domain"),
    [
        (None, "Doe", "acme.com"),
        ("Jane", None, "acme.com"),
        ("Jane", "Doe", None),
        ("", "Doe", "acme.com"),
        ("-", "Doe", "acme.com"),
        ("Jane", "…", "acme.com"),
        ("Jane", "Doe", "acme"),
    ],
)
def test_half_a_name_is_nobody(first: str | None, last: str | None, domain: str | None) -> None:
    assert of_name(first, last, domain) is None


# Contacts


def test_a_contact_is_known_by_its_profile_and_by_its_name() -> None:
    assert of_contact(SOMEBODY) == (
        Identifier("linkedin", "jane-doe"),
        Identifier("name_domain", "janedoe acme.example"),
    )


@pytest.mark.parametrize(
    ("contact", "kinds"),
    [
        (Contact(), []),
        (Contact("Jane", "Doe", "Acme"), []),
        (Contact("Jane", "Doe", domain="acme.com"), ["name_domain"]),
        (Contact("Jane", domain="acme.com"), []),
        (Contact("Jane", linkedin_url="https://www.linkedin.com/in/jane-doe/"), ["linkedin"]),
    ],
)
def test_a_contact_is_known_by_what_it_has(contact: Contact, kinds: list[str]) -> None:
    assert [known.kind for known in of_contact(contact)] == kinds


# Whatever the text

anything = st.one_of(
    st.text(),
    st.text(st.characters()),  # lone surrogates too
    st.text(alphabet="aA.+@ü。ßxn-1:/%[]\u05d0\u200d\ufe0f\ud800"),
    st.builds("{}@{}".format, st.text(), hosts),
    st.builds("jane@xn--{}.com".format, st.text(PLAIN + string.digits + "-", max_size=12)),
    st.builds("linkedin.com/in/{}".format, st.text(st.characters())),
    st.text(string.digits + "+ ()-", max_size=20),
)


def all_of(text: str) -> list[Identifier]:
    profile = of_contact(Contact(text, text, text, text, text))
    one_by_one = (of_address(text), of_phone(text), of_phone(text, text), of_linkedin(text))
    at_domain = (of_name(text, text, "acme.com"), of_name("Jane", "Doe", text))
    return [known for known in (*profile, *one_by_one, *at_domain) if known]


@given(anything)
@example("")
@example("\ud800@acme.com")
@example("jane@xn--a.com")
@example("jane@xn--0.xn--99999999999.com")
def test_any_text_is_somebody_or_nobody_and_never_an_error(text: str) -> None:
    for known in all_of(text):
        assert known.kind in ("email", "phone", "linkedin", "name_domain")
        assert known.value.encode()


@given(anything | st.emails())
def test_no_address_that_is_accepted_goes_unrecognised(text: str) -> None:
    address = normalize.address(text)
    known = of_address(text)
    assert (known is None) == (address is None)
    if address is not None:
        assert of_address(address) == known


@given(anything | st.emails())
def test_a_canonical_address_stays_what_it_is(text: str) -> None:
    known = of_address(text)
    if known and normalize.address(known.value):  # folding can make one too long to be written to
        assert of_address(known.value) == known
