"""LeadMagic. API reference: https://leadmagic.io/docs/v1/reference

Variants: `legacy_status` (the older status words, accept-all finds included), `legacy_paths` (the unversioned
paths are served too), `personal_404` (a personal e-mail miss is a 404), `personal_first_only` (a personal
e-mail hit without `personal_email`), `company_profile_keys` (`company_profile_url`/`_id` as in the
documentation).
"""

from headrace.sandbox import verdicts
from headrace.sandbox.accounts import tidy
from headrace.sandbox.coverage import Draw, Knowledge
from headrace.sandbox.desk import Desk
from headrace.sandbox.vendor import EMAIL, PERSONAL_EMAIL, PHONE, VERIFY, Refusals, Route, Vendor
from headrace.sandbox.vendors._leadmagic_parts import (
    bad_key,
    company_fields,
    headers,
    mail_fields,
    pipeline,
    problems,
)
from headrace.sandbox.wire import BadInput, Json, Request, Response, reply


def email_finder(request: Request, desk: Desk) -> Response:
    """A work address from a name and a company."""
    first, last, full = (request.text(key) for key in ("first_name", "last_name", "full_name"))
    domain, company_name = request.text("domain"), request.text("company_name")
    if not (full or (first and last)) or not (domain or company_name):
        raise BadInput("A name and one of domain or company_name are required.")
    desk.need(1)
    company = desk.world.company(domain, company_name)
    person = desk.person(full or f"{first} {last}", company)
    email = desk.work_email(person)
    status = _finder_status(desk, desk.standing(person, email)) if person and email else None
    hit = status not in (None, "not_found")
    if hit:
        desk.charge(1)
    host = desk.world.company((email or "").rpartition("@")[2]) if hit else company
    body: Json = {
        "email": email if hit else None,
        "status": status or ("not_found" if desk.has("legacy_status") else None),
        "credits_consumed": 1 if hit else 0,
        "message": "Valid email found." if hit else _MISS,
        "first_name": person.first_name if person else first,
        "last_name": person.last_name if person else last,
        "domain": domain or (company.domain if company else ""),
        **mail_fields(host),
        **company_fields(company, desk),
        "employment_verified": hit,
        **pipeline("processed_at"),
    }
    if hit and host and host.mail_policy == "catch_all":
        body["is_domain_catch_all"] = True
    return reply(body)


def profile_email(request: Request, desk: Desk) -> Response:
    """A work address from a profile; its miss has no `email` key."""
    profile = _required(request, "profile_url")
    desk.need(5)
    person = desk.person(profile=profile)
    email = desk.work_email(person)
    if not person or not email or not _finder_status(desk, desk.standing(person, email)):
        return reply({"profile_url": profile, "credits_consumed": 0, "message": "Email not found."})
    desk.charge(5)
    return reply({"email": email, "profile_url": profile, "credits_consumed": 5, "message": "Email found."})


def mobile_finder(request: Request, desk: Desk) -> Response:
    """One number, as a string with dashes."""
    profile, work, personal = (request.text(key) for key in ("profile_url", "work_email", "personal_email"))
    if not (profile or work or personal):
        raise BadInput("One of profile_url, work_email or personal_email is required.")
    desk.need(5)
    phones = desk.phones(desk.person(profile=profile, email=work) or desk.person(email=personal))
    body: Json = {"profile_url": profile or None}
    if not phones:
        return reply(
            body | {"mobile_number": None, "credits_consumed": 0, "message": "No mobile number found"}
        )
    desk.charge(5)
    if work:
        body["email"] = work
    found = {
        "mobile_number": phones[0].grouped("-"),
        "credits_consumed": 5,
        "message": "Mobile number found.",
    }
    return reply(body | found)


def personal_email_finder(request: Request, desk: Desk) -> Response:
    """A personal address from a profile."""
    profile = _required(request, "profile_url")
    desk.need(2)
    person = desk.person(profile=profile)
    email = desk.personal_email(person)
    if not person or not email:
        if desk.has("personal_404"):
            return problems(404, "not_found", "Profile not found or not accessible.")
        nothing: Json = {
            "profile_url": None,
            "name": None,
            "first_personal_email": None,
            "personal_emails": [],
        }
        message = "No personal email found for the provided criteria"
        return reply(nothing | {"message": message, "credits_consumed": 0})
    desk.charge(2)
    body: Json = {"profile_url": profile, "name": person.full_name}
    if not desk.has("personal_first_only"):
        body["personal_email"] = email
    body |= {"first_personal_email": email, "personal_emails": [email]}
    return reply(body | {"credits_consumed": 2, "message": "Personal email found."})


def email_validation(request: Request, desk: Desk) -> Response:
    """A judgement of one address; only a decided one is paid."""
    email = _required(request, "email")
    host = desk.world.company(email.rpartition("@")[2])
    if not _looks_like_address(email):
        word, price, accept_all = "invalid", 0.0, False
    else:
        desk.need(0.25)
        finding = desk.judge(email)
        word, accept_all = _validation_word(desk, finding.word), finding.accept_all
        price = 0.25 if word in ("valid", "invalid", "valid_catch_all") else 0.0
    desk.charge(price)
    body: Json = {"email": email, "email_status": word}
    if word != "invalid":
        body["is_domain_catch_all"] = accept_all
    body |= {"credits_consumed": tidy(price), "message": _MESSAGES.get(word, _MESSAGES["unknown"])}
    body |= {"code": f"email_{word}", **pipeline("validated_at"), **mail_fields(host)}
    return reply(body | company_fields(host, desk))


def credits(_request: Request, desk: Desk) -> Response:
    """The balance, fractional."""
    balance = float(desk.account.pools["credits"])
    thaw = {"credit_freeze_message": None, "credit_freeze_plan_hint": None}
    return reply(
        {"credits": balance, "is_frozen": False, "credits_frozen": 0, "credits_liquid": balance, **thaw}
    )


_MISS = "We couldn't find a verified email for this person at this domain."
_MESSAGES = {
    "valid": "Email is valid.",
    "valid_catch_all": "Email is valid.",
    "invalid": "Email is invalid.",
    "unknown": "Unable to determine email validity.",
}


def _finder_status(desk: Desk, standing: str) -> str | None:
    """The finder's word; today it says nothing rather than guess."""
    if standing == verdicts.VALID:
        return "valid"
    if desk.has("legacy_status"):
        return {verdicts.VOUCHED: "valid_catch_all", verdicts.ACCEPT_ALL: "catch_all"}.get(standing)
    return "valid" if standing == verdicts.VOUCHED else None


def _validation_word(desk: Desk, word: str) -> str:
    if desk.has("legacy_status"):
        return _LEGACY_WORDS.get(word, word)
    return _WORDS.get(word, word)


_WORDS = {verdicts.VOUCHED: "valid", verdicts.ACCEPT_ALL: "unknown", verdicts.DISPOSABLE: "invalid"}
_LEGACY_WORDS = {
    verdicts.VOUCHED: "valid_catch_all",
    verdicts.ACCEPT_ALL: "catch_all",
    verdicts.DISPOSABLE: "invalid",
}


def _legacy_profile_email(request: Request, desk: Desk) -> Response:
    profile = _required(request, "profile_url")
    desk.need(5)
    person = desk.person(profile=profile)
    email = desk.work_email(person)
    if not person or not email or not _finder_status(desk, desk.standing(person, email)):
        return reply(
            {"work_email": None, "status": "not_found", "credits_consumed": 0, "message": "Email not found."}
        )
    desk.charge(5)
    return reply({"work_email": email, "status": "found", "credits_consumed": 5, "message": "Email found."})


def _required(request: Request, name: str) -> str:
    value = request.text(name)
    if not value:
        raise BadInput(f"{name} is required.")
    return value


def _looks_like_address(email: str) -> bool:
    local, _, domain = email.rpartition("@")
    return bool(local) and "@" not in local and "." in domain and " " not in email


_ROUTES = {
    ("POST", "/v1/people/email-finder"): Route(email_finder, EMAIL),
    ("POST", "/v1/people/b2b-profile-email"): Route(profile_email, EMAIL),
    ("POST", "/v1/people/mobile-finder"): Route(mobile_finder, PHONE),
    ("POST", "/v1/people/personal-email-finder"): Route(personal_email_finder, PERSONAL_EMAIL),
    ("POST", "/v1/people/email-validation"): Route(email_validation, VERIFY),
    ("GET", "/v1/credits"): Route(credits),
    ("POST", "/v1/credits"): Route(credits),
    ("POST", "/email-finder"): Route(email_finder, EMAIL, only_with="legacy_paths"),
    ("POST", "/b2b-social-email"): Route(_legacy_profile_email, EMAIL, only_with="legacy_paths"),
    ("POST", "/mobile-finder"): Route(mobile_finder, PHONE, only_with="legacy_paths"),
    ("POST", "/personal-email-finder"): Route(
        personal_email_finder, PERSONAL_EMAIL, only_with="legacy_paths"
    ),
    ("POST", "/email-validate"): Route(email_validation, VERIFY, only_with="legacy_paths"),
    ("POST", "/credits"): Route(credits, only_with="legacy_paths"),
}

VENDOR = Vendor(
    name="leadmagic",
    knowledge=Knowledge(
        email=Draw({"crawl": 0.55, "signatures": 0.6, "network": 0.35}, own=0.15),
        phone=Draw({"bureau": 0.5, "network": 0.4}, own=0.1),
        personal_email=Draw({"network": 0.5, "registry": 0.3}, own=0.1),
        vouches=0.6,
    ),
    routes=_ROUTES,
    key_of=lambda request: request.headers.get("x-api-key", ""),
    refusals=Refusals(
        bad_key=bad_key,
        out_of_credits=lambda request, desk: problems(402, "insufficient_credits", "Insufficient credits."),
        rate_limited=lambda request, desk: problems(
            429, "rate_limit_exceeded", "Too many requests.", headers=(("Retry-After", "1"),)
        ),
        bad_input=lambda request, problem: problems(400, "validation_error", str(problem)),
        server_error=lambda request, status: problems(
            status, "internal_error", "Something went wrong on our side."
        ),
    ),
    pace=(0.35, 1.2),
    paces={"phone": (0.3, 1.0), "personal_email": (0.4, 1.5)},
    variants=frozenset(
        {"legacy_status", "legacy_paths", "personal_404", "personal_first_only", "company_profile_keys"}
    ),
    headers=headers,
)
