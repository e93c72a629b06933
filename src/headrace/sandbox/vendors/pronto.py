"""Pronto. API reference: https://docs.prontohq.com

Variants: `deliverability` (the wording `deliverable`/`catch-all` for work addresses), `lenient` (a profile
alone is enough, and a phone without a profile is passed over), `no_consent` (422 for personal e-mail),
`finished_status` (`status` reads `finished` on a hit), `phone_objects` (phones as objects, as the older path
gave them).
"""

from uuid import NAMESPACE_URL, uuid5

from headrace.sandbox import verdicts
from headrace.sandbox.accounts import tidy
from headrace.sandbox.callbacks import post_later
from headrace.sandbox.coverage import Draw, Knowledge
from headrace.sandbox.desk import Desk
from headrace.sandbox.vendor import Refusals, Route, Vendor
from headrace.sandbox.wire import BadInput, Json, Request, Response, reply
from headrace.sandbox.world import Person

PRICES = {"email": 3, "personal_email": 30, "phone": 30}
CONSENT = "You can't use the personal email enrichment feature without consenting with our terms of use"


def single_enrich(request: Request, desk: Desk) -> Response:
    """Everything that was asked for about one person, at once."""
    kinds = _kinds(request.json)
    _check(request, kinds, desk)
    if "personal_email" in kinds and desk.has("no_consent"):
        return _error(422, CONSENT)
    profile = request.text("linkedin_url")
    run = kinds if profile else [kind for kind in kinds if kind == "email"]
    desk.need(sum(PRICES[kind] for kind in run))
    person = desk.person(_name(request), desk.world.company(*_employer(request)), profile)
    found = {kind: _LOOK_UPS[kind](request, desk, person if kind in run else None) for kind in kinds}
    paid = [kind for kind in kinds if _is_hit(kind, found[kind])]
    for kind in paid:
        desk.charge(PRICES[kind])
    body: Json = {
        "enrichment_id": str(uuid5(NAMESPACE_URL, f"{desk.world.seed}{request.body!r}")),
        "first_name": request.text("firstname") or (person.first_name if person else ""),
        "last_name": request.text("lastname") or (person.last_name if person else ""),
        "linkedin_profile_url": profile or (person.linkedin_url if person and paid else None),
        "status": ("finished" if desk.has("finished_status") else "success") if paid else "error",
    }
    if not paid:
        body["message"] = f"No {_enumerate(kinds)} found for this profile"
    for kind in kinds:
        body |= found[kind]
    if "custom" in request.json:
        body["custom"] = request.json["custom"]
    if request.text("webhook_url"):
        post_later(request.text("webhook_url"), body)
    return reply(body)


def credits(_request: Request, desk: Desk) -> Response:
    """The balance."""
    return reply({"credits": tidy(desk.account.pools["credits"])})


def account(_request: Request, _desk: Desk) -> Response:
    """Who the key belongs to."""
    organization = {"id": "5d1c8a44-6d0b-4c57-9f5b-0c3a7f2e9d10", "name": "Sandbox"}
    return reply(
        {"email": "customer@mailbox.example", "name": "Sandbox Customer", "organization": organization}
    )


def _kinds(fields: Json) -> list[str]:
    """The kinds asked for, each once, in the order of the answer's keys."""
    asked = fields.get("enrichment_type")
    if not isinstance(asked, list) or not 1 <= len(asked) <= 3:
        raise BadInput("enrichment_type must be an array of 1 to 3 elements")
    if any(kind not in PRICES for kind in map(str, asked)):
        raise BadInput("enrichment_type must contain only phone, email or personal_email")
    return [kind for kind in ("email", "personal_email", "phone") if kind in asked]


def _counted(request: Request) -> tuple[str, ...]:
    try:
        return tuple(_kinds(request.json))
    except BadInput:
        return ("email",)


def _check(request: Request, kinds: list[str], desk: Desk) -> None:
    profile = request.text("linkedin_url")
    named = request.text("firstname") and request.text("lastname")
    if not isinstance(request.json.get("custom", {}), dict):
        raise BadInput("custom must be an object")
    if desk.has("lenient"):
        if not profile and not ("email" in kinds and named and any(_employer(request))):
            raise BadInput("Provide linkedin_url, or firstname, lastname and one of domain, company_name")
        return
    if not named:
        raise BadInput("firstname and lastname are required")
    if not profile and kinds != ["email"]:
        raise BadInput("linkedin_url is required for phone and personal_email")


def _name(request: Request) -> str:
    return f"{request.text('firstname')} {request.text('lastname')}".strip()


def _employer(request: Request) -> tuple[str, str]:
    return request.text("domain"), request.text("company_name")


def _work_email(_request: Request, desk: Desk, person: Person | None) -> Json:
    email = desk.work_email(person)
    standing = desk.standing(person, email) if person and email else None
    if standing not in (verdicts.VALID, verdicts.VOUCHED):
        return {"email": None, "email_status": "N/A"}
    word = "valid"
    if desk.has("deliverability"):
        word = "deliverable" if standing == verdicts.VALID else "catch-all"
    return {"email": email, "email_status": word}


def _personal_email(_request: Request, desk: Desk, person: Person | None) -> Json:
    email = desk.personal_email(person)
    if person is None or email is None:
        return {"personal_email": None, "personal_email_status": "N/A"}
    if email != person.personal_email and desk.roll("checked", email) < 0.5:
        return {"personal_email": None, "personal_email_status": "invalid"}
    return {"personal_email": email, "personal_email_status": "valid"}


def _phones(request: Request, desk: Desk, person: Person | None) -> Json:
    codes = request.json.get("phone_country_codes") or []
    if not isinstance(codes, list) or not all(isinstance(code, str) and len(code) == 2 for code in codes):
        raise BadInput("phone_country_codes must be an array of ISO 3166-1 alpha-2 codes")
    allowed = {code.upper() for code in codes}
    numbers = [phone.e164 for phone in desk.phones(person) if not allowed or phone.country in allowed]
    listed = (
        [{"number": number, "type": "mobile"} for number in numbers] if desk.has("phone_objects") else numbers
    )
    return {"phones": listed, "phone_status": "valid" if numbers else "not_found"}


_LOOK_UPS = {"email": _work_email, "personal_email": _personal_email, "phone": _phones}


def _is_hit(kind: str, found: Json) -> bool:
    return bool(found["phones" if kind == "phone" else kind])


def _enumerate(kinds: list[str]) -> str:
    words = [kind.replace("_", " ") for kind in ("email", "phone", "personal_email") if kind in kinds]
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _error(status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return reply({"error": status, "message": message}, status, headers=headers)


def _out_of_credits(_request: Request, _desk: Desk) -> Response:
    message = "Insufficient enrichment credits"
    return reply({"error": 422, "message": message, "code": "insufficient_credits"}, 422)


def _rate_limited(_request: Request, _desk: Desk) -> Response:
    return _error(429, "Rate limit exceeded. Please try again in 1 seconds.", (("Retry-After", "1"),))


_ENRICH = Route(single_enrich, _counted)

VENDOR = Vendor(
    name="pronto",
    knowledge=Knowledge(
        email=Draw({"signatures": 0.55, "registry": 0.45, "network": 0.5}, own=0.16),
        phone=Draw({"network": 0.5, "crawl": 0.4, "registry": 0.3}, own=0.12),
        personal_email=Draw({"crawl": 0.4, "network": 0.4, "signatures": 0.3}, own=0.12),
        vouches=0.6,
    ),
    routes={
        ("POST", "/v2/contacts/single_enrich"): _ENRICH,
        ("POST", "/v2/contacts/sync_single_enrich"): _ENRICH,
        ("GET", "/v2/credits"): Route(credits),
        ("GET", "/api/v2/credits"): Route(credits),
        ("GET", "/v2/account"): Route(account),
        ("GET", "/api/v2/account"): Route(account),
    },
    key_of=lambda request: request.headers.get("x-api-key", ""),
    refusals=Refusals(
        bad_key=lambda request, desk: _error(401, "Unauthorized"),
        out_of_credits=_out_of_credits,
        rate_limited=_rate_limited,
        bad_input=lambda request, problem: _error(400, str(problem)),
        server_error=lambda request, status: _error(status, "Internal server error"),
    ),
    pace=(1.2, 3.5),
    variants=frozenset({"deliverability", "lenient", "no_consent", "finished_status", "phone_objects"}),
)
