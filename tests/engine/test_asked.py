"""Which questions are the same, and whom their answers are about."""

from typing import Any

import pytest

from headrace.domain.model import Field, Found, Judged, Missing
from tests.domain.builders import DELIVERABLE
from tests.engine.asking import ADDRESS, NUMBER, asked, vendor

EMAIL, PHONE, PERSONAL = Field.EMAIL, Field.PHONE, Field.PERSONAL_EMAIL


def test_what_a_vendor_is_not_told_makes_no_other_question() -> None:
    assert asked(phone_countries=("FR",)).spelling == asked().spelling


def test_neither_the_order_of_fields_nor_that_of_countries_makes_another_question() -> None:
    one = asked(EMAIL, PHONE, phone_countries=("FR", "US"))
    assert one.spelling == asked(PHONE, EMAIL, phone_countries=("US", "FR")).spelling


@pytest.mark.parametrize(
    "other",
    [
        {"first_name": "Jan"},
        {"first_name": None},
        {"last_name": "Roe"},
        {"company_name": "Acme Inc"},
        {"domain": "acme.test"},
        {"domain": None, "company_name": "acme.example"},
        {"linkedin_url": None},
        {"linkedin_url": "https://www.linkedin.com/in/jane-doe-2/"},
        {"by": vendor("b")},
        {"by": vendor(url="http://127.0.0.1:1/a")},
        {"address": ADDRESS},
    ],
)
def test_whatever_a_vendor_is_told_makes_another_question(other: dict[str, Any]) -> None:
    assert asked(**other).spelling != asked().spelling


def test_other_fields_and_other_countries_are_other_questions() -> None:
    questions = [
        asked(EMAIL),
        asked(PERSONAL),
        asked(PHONE),
        asked(EMAIL, PHONE),
        asked(PHONE, phone_countries=("FR",)),
        asked(PHONE, phone_countries=("FR", "US")),
    ]
    assert len({each.spelling for each in questions}) == len(questions)


def test_one_address_is_one_question_whoever_it_was_found_for() -> None:
    verify = asked(address=ADDRESS)
    assert verify.spelling == asked(PERSONAL, address=ADDRESS, first_name="Jim", domain="b.example").spelling
    assert verify.spelling != asked(address="jim@acme.example").spelling


def test_no_two_texts_run_together() -> None:
    assert (
        asked(first_name='a","b', last_name="c").spelling != asked(first_name="a", last_name='b","c').spelling
    )


def test_an_answer_is_about_the_contact_and_about_what_was_found() -> None:
    one = asked(EMAIL, PHONE)
    assert one.subjects(Missing()) == ("linkedin:jane-doe", "name_domain:janedoe acme.example")
    told = {EMAIL: Found(("J.Doe+x@Mail.example",)), PHONE: Found(("+33 6 12 34 56 78",))}
    assert one.subjects(told) == (
        "linkedin:jane-doe",
        "name_domain:janedoe acme.example",
        "email:j.doe@mail.example",
        "name_domain:janedoe mail.example",
        f"phone:{NUMBER}",
    )


def test_a_judgement_is_about_the_address() -> None:
    assert f"email:{ADDRESS}" in asked(address=ADDRESS).subjects(Judged(DELIVERABLE))
