"""Findymail. API reference: https://app.findymail.com/docs

Variants: `miss_404`, `miss_empty_contact` (instead of 200 with a null contact), `credits_402` (no credits as
HTTP 402 instead of 200 with an `error`), `paused` (423 for every call), `alias_domain` (the contact's domain
is an alias of the one asked for), `nested_phone` (the number under `contact.phone`), `concurrency_cap` (429
above 300 calls at once).
"""

from headrace.sandbox import verdicts
from headrace.sandbox.accounts import tidy
from headrace.sandbox.callbacks import post_later
from headrace.sandbox.coverage import Draw, Knowledge
from headrace.sandbox.desk import Desk
from headrace.sandbox.phones import EU
from headrace.sandbox.vendor import EMAIL, PHONE, VERIFY, Handler, Refusals, Route, Vendor
from headrace.sandbox.wire import BadInput, BadJson, Json, Request, Response, reply
from headrace.sandbox.world import Person

CONCURRENT = 300
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Log in</title></head><body><h1>Log in</h1></body></html>"


def search_name(request: Request, desk: Desk) -> Response:
    """A work address from a full name and a domain, which may be a company's name."""
    name, domain = _required(request, "name"), _required(request, "domain")
    desk.need(1, "finder")
    return _contact(request, desk, desk.person(name, desk.world.company(domain, domain)))


def search_profile(request: Request, desk: Desk) -> Response:
    """A work address from a profile."""
    profile = _required(request, "linkedin_url")
    desk.need(1, "finder")
    return _contact(request, desk, desk.person(profile=profile))


def search_phone(request: Request, desk: Desk) -> Response:
    """A number from a profile; never one of an EU resident."""
    profile = _required(request, "linkedin_url")
    desk.need(10, "finder")
    person = desk.person(profile=profile)
    outside = person is not None and (person.country not in EU or desk.scripted)
    phones = (
        [phone for phone in desk.phones(person) if phone.country not in EU or desk.scripted]
        if outside
        else []
    )
    if not phones:
        return _not_found() if desk.has("miss_404") else reply({"phone": None, "line_type": None})
    desk.charge(10, "finder")
    number = {"phone": phones[0].e164, "line_type": "Mobile"}
    return reply({"contact": number} if desk.has("nested_phone") else number)


def verify(request: Request, desk: Desk) -> Response:
    """Yes or no about one address; every attempt is paid."""
    email = _required(request, "email")
    if "@" not in email:
        raise BadInput("The email field must be a valid email address.")
    desk.need(1, "verifier")
    desk.charge(1, "verifier")
    host = desk.world.company(email.rpartition("@")[2])
    verified = desk.judge(email).word in (verdicts.VALID, verdicts.VOUCHED)
    return reply(
        {"email": email, "verified": verified, "provider": (host.mail_host if host else "google").title()}
    )


def credits(_request: Request, desk: Desk) -> Response:
    """Both pools."""
    pools = {
        "credits": tidy(desk.account.pools["finder"]),
        "verifier_credits": tidy(desk.account.pools["verifier"]),
    }
    return reply(pools | {"pricing": "Enterprise", "email": "customer@mailbox.example", "id": 4410})


def login(_request: Request, _desk: Desk) -> Response:
    """The page that a browser without a session is sent to."""
    return Response(200, LOGIN_PAGE.encode(), content_type="text/html; charset=UTF-8")


def _contact(request: Request, desk: Desk, person: Person | None) -> Response:
    email = desk.work_email(person)
    confirmed = person and email and desk.standing(person, email) in (verdicts.VALID, verdicts.VOUCHED)
    if not person or not email or not confirmed:
        return _miss(request, desk)
    desk.charge(1, "finder")
    domain = email.rpartition("@")[2]
    contact: Json = {
        "id": 7_000_000 + person.index,
        "name": person.full_name,
        "email": email,
        "domain": f"alias-{domain}" if desk.has("alias_domain") else domain,
        "company": person.company.name if desk.roll("filled", person.index) < 0.3 else "",
        "linkedin_url": None,
        "job_title": "",
        "company_city": "",
        "company_region": "",
        "company_country": "",
        "city": None,
        "region": None,
        "country": None,
    }
    return _answer(request, {"contact": contact})


def _answer(request: Request, body: Json) -> Response:
    webhook = request.text("webhook_url")
    if webhook:
        post_later(webhook, {"payload": body})
    return reply(body)


def _miss(request: Request, desk: Desk) -> Response:
    if desk.has("miss_404"):
        return _not_found()
    return _answer(request, {"contact": {} if desk.has("miss_empty_contact") else None})


def _not_found() -> Response:
    return reply({"message": "Not found."}, 404)


def _required(request: Request, name: str) -> str:
    value = request.text(name)
    if not value:
        raise BadInput(f"The {name} field is required.")
    return value


def _open(handler: Handler) -> Handler:
    """The handler behind what refuses a call before it is read: a paused plan, a crowd."""

    def guarded(request: Request, desk: Desk) -> Response:
        if desk.has("paused"):
            return reply({"message": "Your subscription is paused."}, 423)
        if desk.has("concurrency_cap") and desk.account.in_flight > CONCURRENT:
            return _rate_limited(request, desk)
        return handler(request, desk)

    return guarded


def _bad_key(request: Request, _desk: Desk) -> Response:
    if "json" in request.headers.get("accept", ""):
        return reply({"message": "Unauthenticated."}, 401)
    where = (("Location", "/findymail/login"),)
    return Response(302, LOGIN_PAGE.encode(), content_type="text/html; charset=UTF-8", headers=where)


def _out_of_credits(_request: Request, desk: Desk) -> Response:
    return reply({"error": "Not enough credits"}, 402 if desk.has("credits_402") else 200)


def _rate_limited(_request: Request, _desk: Desk) -> Response:
    return reply({"message": "Too Many Attempts."}, 429)


def _bad_input(_request: Request, problem: BadInput) -> Response:
    if isinstance(problem, BadJson):
        return reply({"message": str(problem)}, 400)
    return reply({"message": str(problem), "errors": {"request": [str(problem)]}}, 422)


VENDOR = Vendor(
    name="findymail",
    knowledge=Knowledge(
        email=Draw({"crawl": 0.55, "signatures": 0.4, "bureau": 0.5}, own=0.18),
        phone=Draw({"bureau": 0.5, "network": 0.3}, own=0.15),
        vouches=0.6,
    ),
    routes={
        ("POST", "/api/search/name"): Route(_open(search_name), EMAIL),
        ("POST", "/api/search/business-profile"): Route(_open(search_profile), EMAIL),
        ("POST", "/api/search/linkedin"): Route(_open(search_profile), EMAIL),
        ("POST", "/api/search/phone"): Route(_open(search_phone), PHONE),
        ("POST", "/api/verify"): Route(_open(verify), VERIFY),
        ("GET", "/api/credits"): Route(_open(credits)),
        ("GET", "/login"): Route(login, public=True),
    },
    key_of=lambda request: request.bearer(),
    refusals=Refusals(
        bad_key=_bad_key,
        out_of_credits=_out_of_credits,
        rate_limited=_rate_limited,
        bad_input=_bad_input,
        server_error=lambda request, status: reply({"message": "Server Error"}, status),
    ),
    pace=(0.7, 2.4),
    pools=("finder", "verifier"),
    variants=frozenset(
        {
            "miss_404",
            "miss_empty_contact",
            "credits_402",
            "paused",
            "alias_domain",
            "nested_phone",
            "concurrency_cap",
        }
    ),
)
