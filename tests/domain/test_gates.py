"""What may be asked, by strict and by lenient accounts."""

import pytest

from headrace.domain import gates
from headrace.domain.errors import Problem
from headrace.domain.model import Account, Contact, EnrichmentRequest, Field
from tests.domain.builders import EMAIL, PERSONAL, PHONE

PROFILE = "https://www.linkedin.com/in/jane-doe/"
NAME = {"first_name": "Jane", "last_name": "Doe"}
CONSENT = "You can't use the personal email enrichment feature without consenting with our terms of use"


def account(lenient: bool = False, consents: bool = True) -> Account:
    return Account("1", "main", 1000, 0, consents_personal_email=consents, lenient=lenient)


def request(fields: tuple[Field, ...], **contact: str) -> EnrichmentRequest:
    return EnrichmentRequest(Contact(**contact), fields)  # type: ignore[arg-type]


def complaint(fields: tuple[Field, ...], lenient: bool, **contact: str) -> str | None:
    try:
        gates.check(request(fields, **contact), account(lenient))
    except Problem as problem:
        return problem.message if problem.kind.status == 400 else problem.code
    return None


@pytest.mark.parametrize(
    ("fields", "contact", "expected"),
    [
        ((EMAIL,), NAME, None),
        ((EMAIL,), {"last_name": "Doe"}, "firstname is required"),
        ((EMAIL,), {"first_name": "Jane"}, "lastname is required"),
        ((EMAIL,), {"linkedin_url": PROFILE, "domain": "acme.example"}, "firstname is required"),
        ((PHONE,), NAME, "linkedin_url is required when enrichment_type includes phone"),
        ((PERSONAL,), NAME, "linkedin_url is required when enrichment_type includes personal_email"),
        ((EMAIL, PHONE), NAME, "linkedin_url is required when enrichment_type includes phone"),
        ((EMAIL, PERSONAL), NAME, "linkedin_url is required when enrichment_type includes personal_email"),
        ((PHONE,), {**NAME, "linkedin_url": PROFILE}, None),
        ((EMAIL, PHONE, PERSONAL), {**NAME, "linkedin_url": PROFILE}, None),
    ],
)
def test_a_strict_account_needs_names_and_for_some_fields_a_profile(
    fields: tuple[Field, ...], contact: dict[str, str], expected: str | None
) -> None:
    assert complaint(fields, lenient=False, **contact) == expected


NEEDS_NAME = "firstname and lastname are required without linkedin_url"
NEEDS_EMPLOYER = "domain or company_name is required without linkedin_url"


@pytest.mark.parametrize(
    ("fields", "contact", "expected"),
    [
        ((EMAIL, PHONE, PERSONAL), {"linkedin_url": PROFILE}, None),
        ((PHONE,), {"linkedin_url": PROFILE}, None),
        ((EMAIL,), {**NAME, "domain": "acme.example"}, None),
        ((EMAIL,), {**NAME, "company_name": "Acme"}, None),
        ((EMAIL, PHONE), {**NAME, "company_name": "Acme"}, None),
        ((EMAIL, PHONE, PERSONAL), {**NAME, "domain": "acme.example"}, None),
        ((EMAIL,), NAME, NEEDS_EMPLOYER),
        ((EMAIL,), {"domain": "acme.example"}, NEEDS_NAME),
        ((EMAIL,), {"first_name": "Jane", "domain": "acme.example"}, NEEDS_NAME),
        ((EMAIL, PHONE), {}, NEEDS_NAME),
        (
            (PHONE,),
            {**NAME, "domain": "acme.example"},
            "linkedin_url is required when enrichment_type includes phone",
        ),
        (
            (PERSONAL, PHONE),
            {**NAME, "domain": "acme.example"},
            "linkedin_url is required when enrichment_type includes personal_email",
        ),
    ],
)
def test_a_lenient_account_needs_a_profile_or_a_name_with_an_employer(
    fields: tuple[Field, ...], contact: dict[str, str], expected: str | None
) -> None:
    assert complaint(fields, lenient=True, **contact) == expected


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("fields", [(PERSONAL,), (EMAIL, PERSONAL), (EMAIL, PHONE, PERSONAL)])
def test_without_consent_personal_addresses_close_the_whole_request(
    fields: tuple[Field, ...], lenient: bool
) -> None:
    with pytest.raises(Problem) as caught:
        gates.check(request(fields, **NAME, linkedin_url=PROFILE), account(lenient, consents=False))
    assert (caught.value.code, caught.value.kind.status) == ("consent_missing", 422)
    assert caught.value.message == CONSENT


def test_without_consent_the_other_fields_may_be_asked() -> None:
    gates.check(request((EMAIL, PHONE), **NAME, linkedin_url=PROFILE), account(consents=False))


def test_a_request_that_is_wrong_is_called_wrong_before_consent_is_missed() -> None:
    with pytest.raises(Problem) as caught:
        gates.check(request((PERSONAL,)), account(consents=False))
    assert caught.value.code == "bad_request"


def test_without_a_profile_only_the_work_address_is_looked_for() -> None:
    assert gates.runnable(request((PHONE, EMAIL, PERSONAL), **NAME)) == (EMAIL,)
    assert gates.runnable(request((PHONE, EMAIL), linkedin_url=PROFILE)) == (PHONE, EMAIL)
