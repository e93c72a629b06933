"""Prospeo's older routes: `response.email` is a string on one route and an object on another."""

from headrace.sandbox import verdicts
from headrace.sandbox.desk import Desk
from headrace.sandbox.vendors._prospeo_errors import fail
from headrace.sandbox.wire import BadInput, Json, Request, Response, reply
from headrace.sandbox.world import Person

_STATUS = {verdicts.VALID: "VALID", verdicts.VOUCHED: "CATCH_ALL", verdicts.ACCEPT_ALL: "CATCH_ALL"}


def email_finder(request: Request, desk: Desk) -> Response:
    """A work address from a name and a company; only a `VALID` one is paid."""
    first, last, full = (request.text(key) for key in ("first_name", "last_name", "full_name"))
    company = _required(request, "company")
    if not (full or (first and last)):
        raise BadInput("full_name, or first_name and last_name, is required.")
    desk.need(1)
    person = desk.person(full or f"{first} {last}", desk.world.company(company, company))
    found = _found(person, desk)
    if found is None or person is None:
        return _no_result(request, desk)
    email, status = found
    free = status != "VALID" or _bought(desk, person)
    if not free:
        desk.charge(1)
        desk.remember(("email", person.index))
    answer: Json = {
        "free": free,
        "email": email,
        "email_anon_id": f"anon{person.index:08d}",
        "email_status": status,
    }
    names = {"first_name": person.first_name, "last_name": person.last_name}
    return _answer(answer | names | {"domain": email.rpartition("@")[2], "total_emails": 1})


def linkedin_email_finder(request: Request, desk: Desk) -> Response:
    """A work address from a profile; every profile that can be read is paid."""
    url = _required(request, "url")
    desk.need(1)
    person = desk.person(profile=url)
    if person is None:
        return _no_result(request, desk)
    desk.charge(1)
    found = _found(person, desk)
    if found is None:
        return _no_result(request, desk)
    email = {"email": found[0], "email_status": found[1], "email_anon_id": f"anon{person.index:08d}"}
    names = {"full_name": person.full_name, "first_name": person.first_name, "last_name": person.last_name}
    return _answer(
        {"email": email, **names, "job_title": person.job_title, "linkedin_url": person.linkedin_url}
    )


def mobile_finder(request: Request, desk: Desk) -> Response:
    """A mobile from a profile."""
    url = _required(request, "url")
    desk.need(10)
    phones = desk.phones(desk.person(profile=url))
    if not phones:
        return _no_result(request, desk)
    desk.charge(10)
    phone = phones[0]
    answer: Json = {"raw_format": phone.e164, "international_format": phone.grouped(" ")}
    return _answer(answer | {"national_format": phone.national(), "country_code": phone.country})


def email_verifier(request: Request, desk: Desk) -> Response:
    """A judgement of one address; there is no word for one that cannot be told."""
    email = _required(request, "email")
    desk.need(0.5)
    finding = desk.judge(email)
    if finding.word == verdicts.UNKNOWN:
        return _no_result(request, desk)
    desk.charge(0.5)
    domain = email.rpartition("@")[2]
    host = desk.world.company(domain)
    return _answer(
        {
            "email": email,
            "email_status": _STATUS.get(finding.word, "INVALID"),
            "email_sub_status": finding.word.upper(),
            "catch_all": finding.accept_all,
            "disposable": finding.word == verdicts.DISPOSABLE,
            "domain_name": domain,
            "mx_found": True,
            "smtp_provider": host.mail_host if host else "other",
        }
    )


def _found(person: Person | None, desk: Desk) -> tuple[str, str] | None:
    email = desk.work_email(person)
    status = _STATUS.get(desk.standing(person, email)) if person and email else None
    return (email, status) if email and status else None


def _bought(desk: Desk, person: Person) -> bool:
    return desk.knows(("email", person.index)) or desk.knows(("mobile", person.index))


def _answer(content: Json) -> Response:
    return reply({"error": False, "response": content})


def _no_result(request: Request, desk: Desk) -> Response:
    return fail(request, 200 if desk.has("no_result_200") else 400, "NO_RESULT", "No result was found.")


def _required(request: Request, name: str) -> str:
    value = request.text(name)
    if not value:
        raise BadInput(f"{name} is required.")
    return value
