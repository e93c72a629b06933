"""Airscale. API reference: https://github.com/ViceScale/airscale-docs

Variants: `sparse` (optional reply keys absent), `risky_email` (accept-all finds are answered as `risky`),
`phone_array` (`phone_numbers` as an array), `charged_502` (personal e-mail is charged, then fails with 502),
`verifier_201`, `verifier_wrapped`, `verifier_422` (an upstream refusal passed through), `credits_top_level`
(the older balance form), `strict_fields` (unknown body fields are refused).
"""

from headrace.sandbox import verdicts
from headrace.sandbox.accounts import tidy
from headrace.sandbox.callbacks import post_later
from headrace.sandbox.chance import pick
from headrace.sandbox.coverage import Draw, Knowledge
from headrace.sandbox.desk import Desk
from headrace.sandbox.vendor import EMAIL, PERSONAL_EMAIL, PHONE, VERIFY, Refusals, Route, Vendor
from headrace.sandbox.vendors._airscale_verifier import email_verifier, required
from headrace.sandbox.wire import BadInput, Json, Request, Response, reply, text_of
from headrace.sandbox.world import Person

UPSTREAM_NAMES = ("findwell", "maildig", "northpeak")
PERSONAL_PRICES = (3, 5, 8, 12)


def email(request: Request, desk: Desk) -> Response:
    """A work address from a profile, a name, or both."""
    _only(request, desk, "linkedin_profile_url", "first_name", "last_name", "domain", "company_name")
    _complete_identity(request.json)
    desk.need(2)
    found = _find_email(request.json, desk)
    if found is None:
        return reply({"status": "not_found", "email": None})
    desk.charge(2)
    return reply(found)


def phone(request: Request, desk: Desk) -> Response:
    """Every number known for a profile."""
    _only(request, desk, "linkedin_profile_url")
    profile = required(request, "linkedin_profile_url")
    desk.need(40)
    person = desk.person(profile=profile)
    numbers = [number.e164 for number in desk.phones(person)]
    body: Json = {
        "status": "not_found",
        "linkedin_profile_url": profile,
        "phone_numbers": None,
        "provider": None,
    }
    if not numbers or not person:
        return reply(body)
    desk.charge(40)
    body |= {"status": "success", "phone_numbers": numbers if desk.has("phone_array") else numbers[0]}
    if not desk.has("phone_array"):
        body["all_phone_numbers"] = numbers
    return reply(body | {"provider": pick(UPSTREAM_NAMES, "airscale-phone", person.slug)})


def personal_email(request: Request, desk: Desk) -> Response:
    """A personal address, at the price of the source that had it."""
    _only(request, desk, "linkedin_profile_url", "verification")
    profile = required(request, "linkedin_profile_url")
    desk.need(3)
    person = desk.person(profile=profile)
    address = desk.personal_email(person)
    if not person or not address:
        return reply({"status": "not_found", "email": None})
    desk.charge(pick(PERSONAL_PRICES, "airscale-personal", person.slug))
    if desk.has("charged_502"):
        return _server_error(502)
    return reply({"status": "success", "email": address})


def url_search(request: Request, desk: Desk) -> Response:
    """A profile address from a name and a company."""
    first, last, company = (required(request, key) for key in ("first_name", "last_name", "company_name"))
    desk.need(0.5)
    person = desk.person(f"{first} {last}", desk.world.company(name=company))
    if person is None or desk.roll("profile", person.index) > 0.85:
        return reply({"status": "not_found"})
    desk.charge(0.5)
    return reply({"status": "success", "url": person.linkedin_url})


def email_bulk(request: Request, desk: Desk) -> Response:
    """Many work addresses, each answered by one call to the caller's webhook."""
    webhook, items = required(request, "webhook_url"), request.json.get("inputs")
    if (
        not isinstance(items, list)
        or not 1 <= len(items) <= 100
        or not all(isinstance(item, dict) for item in items)
    ):
        raise BadInput("inputs must hold 1 to 100 objects.")
    for index, item in enumerate(items):
        post_later(webhook, {"custom_id": item.get("custom_id", index), **_bulk_result(item, desk)})
    return reply({"status": "accepted", "count": len(items)}, 202)


def credits(_request: Request, desk: Desk) -> Response:
    """The workspace's balance."""
    balance = {"credits": tidy(desk.account.pools["credits"])}
    return reply(balance if desk.has("credits_top_level") else {"status": "success", "response": balance})


def _find_email(fields: Json, desk: Desk) -> Json | None:
    profile = text_of(fields, "linkedin_profile_url")
    company = desk.world.company(text_of(fields, "domain"), text_of(fields, "company_name"))
    person = desk.person(f"{text_of(fields, 'first_name')} {text_of(fields, 'last_name')}", company, profile)
    address = desk.work_email(person)
    status = _email_status(desk, person, address) if person and address else None
    if not person or not address or not status:
        return None
    body: Json = {"status": "success", "email": address, "email_status": status}
    if not desk.has("sparse"):
        body |= {"provider": pick(UPSTREAM_NAMES, "airscale-email", person.slug), "verifier": "bouncecheck"}
    host = desk.world.company(address.rpartition("@")[2])
    body["catch_all"] = "yes" if host and host.mail_policy == "catch_all" else "no"
    return body | ({"linkedin_profile_url": profile} if profile else {})


def _email_status(desk: Desk, person: Person, address: str) -> str | None:
    standing = desk.standing(person, address)
    if standing in (verdicts.VALID, verdicts.VOUCHED):
        return "valid"
    return "risky" if standing == verdicts.ACCEPT_ALL and desk.has("risky_email") else None


def _bulk_result(item: Json, desk: Desk) -> Json:
    if desk.account.pools["credits"] < 2:
        return {"status": "error", "error": "insufficient_credits"}
    try:
        _complete_identity(item)
        found = _find_email(item, desk)
    except BadInput as refusal:
        return {"status": "error", "error": str(refusal)}
    if found is None:
        missed = "timeout" if desk.roll("bulk", str(item)) < 0.02 else "not_found"
        return {"status": missed, "email": None}
    desk.charge(2)
    return found


def _complete_identity(fields: Json) -> None:
    texts = {
        key: text_of(fields, key)
        for key in ("linkedin_profile_url", "first_name", "last_name", "domain", "company_name")
    }
    named = texts["first_name"] and texts["last_name"] and (texts["domain"] or texts["company_name"])
    if not texts["linkedin_profile_url"] and not named:
        raise BadInput(
            "Send linkedin_profile_url, or first_name, last_name and one of domain or company_name."
        )


def _only(request: Request, desk: Desk, *names: str) -> None:
    unknown = set(request.json).difference(names)
    if unknown and desk.has("strict_fields"):
        raise BadInput(f"Unknown fields: {', '.join(sorted(unknown))}.")


def _server_error(status: int) -> Response:
    return reply({"error": "service_unavailable", "message": "A required service did not answer."}, status)


_ROUTES = {
    ("POST", "/v1/email"): Route(email, EMAIL),
    ("POST", "/v1/phone"): Route(phone, PHONE),
    ("POST", "/v1/personal-email"): Route(personal_email, PERSONAL_EMAIL),
    ("POST", "/v1/email-verifier"): Route(email_verifier, VERIFY),
    ("POST", "/v1/url-search-people"): Route(url_search),
    ("POST", "/v1/email-bulk"): Route(email_bulk),
    ("POST", "/v1/credits"): Route(credits),
}

VENDOR = Vendor(
    name="airscale",
    knowledge=Knowledge(
        email=Draw({"crawl": 0.5, "registry": 0.5, "bureau": 0.45, "network": 0.3}, own=0.1),
        phone=Draw({"bureau": 0.6, "crawl": 0.3, "network": 0.3}, own=0.1),
        personal_email=Draw({"bureau": 0.5, "network": 0.3}, own=0.08),
        vouches=0.55,
    ),
    routes=_ROUTES,
    key_of=lambda request: request.bearer(),
    refusals=Refusals(
        bad_key=lambda request, desk: reply({"error": "unauthorized", "message": "Invalid API key."}, 401),
        out_of_credits=lambda request, desk: reply(
            {"error": "forbidden", "message": "Not enough credits."}, 403
        ),
        rate_limited=lambda request, desk: reply(
            {"error": "rate_limited", "message": "Too many requests."}, 429
        ),
        bad_input=lambda request, problem: reply({"error": "bad_request", "message": str(problem)}, 400),
        server_error=lambda request, status: _server_error(status),
    ),
    pace=(1.5, 5.0),
    longest={"email": 100.0, "phone": 70.0, "personal_email": 70.0, "verify": 135.0},
    body_limit=lambda request: (16 if request.path.endswith("/email-verifier") else 256) * 1024,
    variants=frozenset(
        {
            "sparse",
            "risky_email",
            "phone_array",
            "charged_502",
            "verifier_201",
            "verifier_wrapped",
            "verifier_422",
            "credits_top_level",
            "strict_fields",
        }
    ),
)
