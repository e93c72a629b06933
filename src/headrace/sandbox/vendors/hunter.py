"""Hunter. API reference: https://hunter.io/api-documentation/v2

Variants: `miss_404` (a finder miss is a 404), `mcp_errors` (429 with Retry-After for the rate limit and 402
for the quota, instead of 403 and 429), `processing` (every new question is answered 202 twice first),
`restricted` (451 for everybody), `blocked_status` (the verifier says `blocked`), `smtp_222` (the verifier
answers HTTP 222). Without a variant a few people have opted out (451), a few questions take one 202, and some
mail servers that cannot be verified give 222.
"""

from headrace.sandbox import verdicts
from headrace.sandbox.coverage import Draw, Knowledge
from headrace.sandbox.desk import Desk
from headrace.sandbox.vendor import EMAIL, VERIFY, Refusals, Route, Vendor
from headrace.sandbox.vendors._hunter_bodies import find, nothing, verification
from headrace.sandbox.wire import BadInput, Json, Request, Response, reply
from headrace.sandbox.world import Person


def email_finder(request: Request, desk: Desk) -> Response:
    """A work address from a name and a company, or from a profile handle alone."""
    params = _finder_params(request)
    person = _who(params, desk)
    meta = {"params": params}
    wait = float(params["max_duration"])
    if _restricted(desk, person):
        return _errors(451, "claimed_email", "The person asked us not to process their data.")
    question = ("finder", *(str(value).lower() for value in params.values()))
    if _still_working(desk, person, question):
        return reply({"data": {}, "meta": meta}, 202, within=wait)
    email = desk.work_email(person)
    sold = ("found", person.index) if person else None
    if not desk.knows(sold):
        desk.need(1)
    if not person or not email:
        if desk.has("miss_404"):
            return _errors(404, "not_found", "No email address was found.")
        return reply({"data": nothing(params), "meta": meta}, within=wait)
    if not desk.knows(sold):
        desk.charge(1)
        desk.remember(sold)
    return reply({"data": find(person, email, desk), "meta": meta}, within=wait)


def email_verifier(request: Request, desk: Desk) -> Response:
    """A judgement of one address."""
    email = request.query.get("email", "").strip()
    if not email or "@" not in email:
        raise BadInput("email is missing or invalid.")
    if _restricted(desk, desk.person(email=email)):
        return _errors(451, "claimed_email", "The person asked us not to process their data.")
    if _still_working(desk, desk.person(email=email), ("verifier", email.lower())):
        return reply({"data": {}, "meta": {"params": {"email": email}}}, 202)
    desk.need(0.5)
    finding = desk.judge(email)
    if desk.has("smtp_222") or (finding.word == verdicts.UNKNOWN and desk.roll("222", email) < 0.3):
        return _errors(222, "smtp_error", "The remote SMTP server misbehaved; try again later.")
    desk.charge(0.5)
    return reply({"data": verification(email, finding, desk), "meta": {"params": {"email": email}}})


def account(_request: Request, desk: Desk) -> Response:
    """The plan, with the one meter that counts."""
    left, used = desk.account.pools["credits"], desk.account.spent["credits"]
    whole = {"used": int(used), "available": int(left + used)}
    meter = {"used": float(used), "available": float(left + used), "remaining": float(left)}
    data = {
        "first_name": "Sandbox",
        "last_name": "Customer",
        "email": "customer@mailbox.example",
        "plan_name": "Growth",
        "plan_level": 2,
        "reset_date": "2026-12-01",
        "team_id": 349,
        "requests": {"credits": meter, "searches": whole, "verifications": whole},
        "calls": {"_deprecation_notice": "Use requests instead.", **whole},
    }
    return reply({"data": data})


def _finder_params(request: Request) -> Json:
    """The parameters as `meta.params` echoes them, else `BadInput`."""
    query = request.query
    names = ("first_name", "last_name", "full_name", "domain", "company", "linkedin_handle")
    params: Json = {name: query.get(name, "").strip() or None for name in names}
    if not (params["domain"] or params["company"] or params["linkedin_handle"]):
        raise BadInput("One of domain, company or linkedin_handle is required.")
    named = params["full_name"] or (params["first_name"] and params["last_name"])
    if not named and not params["linkedin_handle"]:
        raise BadInput("full_name, or first_name and last_name, is required.")
    duration = query.get("max_duration", "10")
    if not (duration.isascii() and duration.isdigit() and 3 <= int(duration[:3]) <= 20):
        raise BadInput("max_duration must be between 3 and 20.")
    return params | {"max_duration": int(duration)}


def _who(params: Json, desk: Desk) -> Person | None:
    name = params["full_name"] or f"{params['first_name']} {params['last_name']}"
    company = desk.world.company(params["domain"] or "", params["company"] or "")
    return desk.person(name, company, params["linkedin_handle"] or "")


def _restricted(desk: Desk, person: Person | None) -> bool:
    if desk.scripted or person is desk.world.documented:
        return desk.has("restricted")
    return desk.has("restricted") or (person is not None and desk.roll("opted out", person.index) < 0.01)


def _still_working(desk: Desk, person: Person | None, question: tuple[str, ...]) -> bool:
    """Whether this question gets a 202 this time; a scripted answer never does."""
    if desk.scripted:
        return False
    delays = 2 if desk.has("processing") else int(desk.roll("202", *question) < 0.03)
    if person is desk.world.documented and not desk.has("processing"):
        return False
    for turn in range(delays):
        if not desk.knows((question, turn)):
            desk.remember((question, turn))
            return True
    return False


def _key(request: Request) -> str:
    return request.headers.get("x-api-key") or request.query.get("api_key") or request.bearer()


def _errors(status: int, code: str, details: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return reply({"errors": [{"id": code, "code": status, "details": details}]}, status, headers=headers)


def _rate_limited(_request: Request, desk: Desk) -> Response:
    if desk.has("mcp_errors"):
        return _errors(429, "too_many_requests", "Slow down.", (("Retry-After", "1"),))
    return _errors(403, "too_many_requests", "You have reached the rate limit.")


def _out_of_credits(_request: Request, desk: Desk) -> Response:
    status = 402 if desk.has("mcp_errors") else 429
    return _errors(status, "usage_exceeded", "The usage of your plan is exhausted.")


VENDOR = Vendor(
    name="hunter",
    knowledge=Knowledge(email=Draw({"crawl": 0.6, "registry": 0.4}, own=0.12)),
    routes={
        ("GET", "/v2/email-finder"): Route(email_finder, EMAIL),
        ("GET", "/v2/email-verifier"): Route(email_verifier, VERIFY),
        ("GET", "/v2/account"): Route(account),
    },
    key_of=_key,
    refusals=Refusals(
        bad_key=lambda request, desk: _errors(
            401, "authentication_failed", "No or an invalid API key was given."
        ),
        out_of_credits=_out_of_credits,
        rate_limited=_rate_limited,
        bad_input=lambda request, problem: _errors(400, "wrong_params", str(problem)),
        server_error=lambda request, status: _errors(status, "internal_error", "Something went wrong."),
    ),
    pace=(0.9, 2.6),
    variants=frozenset({"miss_404", "mcp_errors", "processing", "restricted", "blocked_status", "smtp_222"}),
)
