"""Prospeo. API reference: https://prospeo.io/api-docs/enrich-person

Variants: `legacy_retired` (the old routes are gone), `no_result_200` (legacy misses on HTTP 200),
`miss_email_null` (an e-mail miss is a matched person whose `email` is null), `miss_unrevealed` (a masked
e-mail instead), `internal_error` (every call fails as `INTERNAL_ERROR` on HTTP 400), `rate_limit_exceeded`
(the longer rate code). Without a variant some matched people come with a null or an unrevealed e-mail.
"""

from headrace.sandbox import verdicts
from headrace.sandbox.accounts import tidy
from headrace.sandbox.coverage import Draw, Knowledge
from headrace.sandbox.desk import Desk
from headrace.sandbox.phones import COUNTRY_NAMES, Phone
from headrace.sandbox.vendor import EMAIL, PHONE, VERIFY, Refusals, Route, Vendor
from headrace.sandbox.vendors import _prospeo_legacy as legacy
from headrace.sandbox.vendors._prospeo_errors import InvalidDatapoints, bad_input, fail, headers, rate_limited
from headrace.sandbox.wire import BadInput, Json, Request, Response, flag_of, reply, text_of
from headrace.sandbox.world import Person


def enrich_person(request: Request, desk: Desk) -> Response:
    """A matched person, with a work address and, if asked for, a mobile."""
    wants_mobile = _wants_mobile(request.json)
    if desk.has("internal_error"):
        return fail(request, 400, "INTERNAL_ERROR")
    person = _match(request.json, desk)
    price = 10 if wants_mobile else 1
    free = person is not None and (
        desk.knows(("mobile", person.index)) or _sold_email(desk, person, wants_mobile)
    )
    if not free:
        desk.need(price)
    if person is None:
        return fail(request, 400, "NO_MATCH")
    email = _email(person, desk, flag_of(request.json, "only_verified_email"))
    mobile = _mobile(person, desk, request.json) if wants_mobile else None
    revealed = bool(email and email["revealed"])
    if not revealed and mobile is None and not _shows_empty(email, person, desk):
        return fail(request, 400, "NO_MATCH")
    if not free and (revealed or mobile):
        desk.charge(10 if mobile else 1)
        desk.remember(("mobile" if mobile else "email", person.index))
        if wants_mobile and not mobile:
            desk.remember(("no mobile", person.index))
    body = {"error": False, "free_enrichment": free, "person": _person(person, email, mobile)}
    return reply(body | {"company": _company(person)})


def account_information(_request: Request, desk: Desk) -> Response:
    """The plan and what is left of it."""
    plan: Json = {
        "current_plan": "PRO",
        "current_team_members": 1,
        "remaining_credits": tidy(desk.account.pools["credits"]),
        "used_credits": tidy(desk.account.spent["credits"]),
        "next_quota_renewal_days": 9,
        "next_quota_renewal_date": "2026-12-01 00:00:00+00:00",
    }
    return reply({"error": False, "response": plan})


def _wants_mobile(fields: Json) -> bool:
    return flag_of(fields, "only_verified_mobile") or flag_of(fields, "enrich_mobile")


def _kinds(request: Request) -> tuple[str, ...]:
    try:
        return ("phone", "email") if _wants_mobile(request.json) else EMAIL
    except BadInput:
        return EMAIL


def _sold_email(desk: Desk, person: Person, wants_mobile: bool) -> bool:
    """Whether what this call can deliver was bought before."""
    if wants_mobile and not desk.knows(("no mobile", person.index)):
        return False
    return desk.knows(("email", person.index))


def _match(fields: Json, desk: Desk) -> Person | None:
    data = fields.get("data")
    if not isinstance(data, dict):
        raise InvalidDatapoints("data must be an object.")
    profile, email, person_id = (text_of(data, key) for key in ("linkedin_url", "email", "person_id"))
    name = text_of(data, "full_name") or f"{text_of(data, 'first_name')} {text_of(data, 'last_name')}".strip()
    full = bool(text_of(data, "full_name") or (text_of(data, "first_name") and text_of(data, "last_name")))
    website, company_name, company_page = (
        text_of(data, key) for key in ("company_website", "company_name", "company_linkedin_url")
    )
    if not (profile or email or person_id or (full and (website or company_name or company_page))):
        raise InvalidDatapoints("Not enough data points to identify a person.")
    number = person_id.removeprefix("aaaa")
    if number.isdecimal() and int(number[:9]) < len(desk.world.people):
        return desk.person(profile=desk.world.people[int(number[:9])].slug)
    return desk.person(
        name if full else "", desk.world.company(website, company_name, company_page), profile, email
    )


def _email(person: Person, desk: Desk, only_verified: bool) -> Json | None:
    address = desk.work_email(person)
    if address is None:
        return None if only_verified else _masked(person, desk)
    standing = desk.standing(person, address)
    if only_verified and standing != verdicts.VALID:
        return None
    host = desk.world.company(address.rpartition("@")[2])
    return {
        "status": "VERIFIED" if standing == verdicts.VALID else "UNVERIFIED",
        "revealed": True,
        "email": address,
        "verification_method": "SMTP" if standing == verdicts.VALID else "PATTERN",
        "email_mx_provider": (host.mail_host if host else "other").capitalize(),
    }


def _masked(person: Person, desk: Desk) -> Json | None:
    if not desk.has("miss_unrevealed") and desk.roll("masked", person.index) >= 0.06:
        return None
    masked = f"{person.first_name[0].lower()}*******@{person.company.domain}"
    more = {"verification_method": "", "email_mx_provider": ""}
    return {"status": "UNVERIFIED", "revealed": False, "email": masked, **more}


def _shows_empty(email: Json | None, person: Person, desk: Desk) -> bool:
    """Whether a match without an address is shown at all, free of charge."""
    return email is not None or desk.has("miss_email_null") or desk.roll("empty match", person.index) < 0.12


def _mobile(person: Person, desk: Desk, fields: Json) -> Json | None:
    phones = desk.phones(person)
    verified = person is desk.world.documented or desk.roll("mobile", person.index) < 0.8
    if not phones or (flag_of(fields, "only_verified_mobile") and not verified):
        return None
    return {"status": "VERIFIED" if verified else None, "revealed": True, **_number(phones[0])}


def _number(phone: Phone) -> Json:
    return {
        "mobile": phone.e164,
        "mobile_national": phone.national(),
        "mobile_international": phone.grouped(" "),
        "mobile_country": COUNTRY_NAMES[phone.country],
        "mobile_country_code": phone.country,
    }


def _person(person: Person, email: Json | None, mobile: Json | None) -> Json:
    return {
        "person_id": f"aaaa{person.index:08d}",
        "first_name": person.first_name,
        "last_name": person.last_name,
        "full_name": person.full_name,
        "linkedin_url": person.linkedin_url.rstrip("/"),
        "current_job_title": person.job_title,
        "headline": f"{person.job_title} at {person.company.name}",
        "email": email,
        "mobile": mobile,
        "location": {"country": COUNTRY_NAMES[person.country], "country_code": person.country},
        "job_history": [{"title": person.job_title, "company_name": person.company.name, "current": True}],
        "skills": [],
    }


def _company(person: Person) -> Json:
    company = person.company
    domain = company.domain
    return {
        "company_id": company.slug,
        "name": company.name,
        "website": f"https://{domain}",
        "domain": domain,
    }


_OLD = "legacy_retired"

VENDOR = Vendor(
    name="prospeo",
    knowledge=Knowledge(
        email=Draw({"registry": 0.4, "network": 0.5, "crawl": 0.35}, own=0.12),
        phone=Draw({"bureau": 0.4, "signatures": 0.5}, own=0.1),
    ),
    routes={
        ("POST", "/enrich-person"): Route(enrich_person, _kinds),
        ("GET", "/account-information"): Route(account_information),
        ("POST", "/email-finder"): Route(legacy.email_finder, EMAIL, gone_with=_OLD),
        ("POST", "/linkedin-email-finder"): Route(legacy.linkedin_email_finder, EMAIL, gone_with=_OLD),
        ("POST", "/social-url-enrichment"): Route(legacy.linkedin_email_finder, EMAIL, gone_with=_OLD),
        ("POST", "/mobile-finder"): Route(legacy.mobile_finder, PHONE, gone_with=_OLD),
        ("POST", "/email-verifier"): Route(legacy.email_verifier, VERIFY, gone_with=_OLD),
    },
    key_of=lambda request: request.headers.get("x-key", ""),
    refusals=Refusals(
        bad_key=lambda request, desk: fail(request, 401, "INVALID_API_KEY"),
        out_of_credits=lambda request, desk: fail(request, 400, "INSUFFICIENT_CREDITS"),
        rate_limited=rate_limited,
        bad_input=bad_input,
        server_error=lambda request, status: fail(request, status, "INTERNAL_ERROR"),
    ),
    pace=(0.6, 1.8),
    variants=frozenset(
        {_OLD, "no_result_200", "miss_email_null", "miss_unrevealed", "internal_error", "rate_limit_exceeded"}
    ),
    headers=headers,
)
