"""The `data` of Hunter's answers."""

from headrace.sandbox import verdicts
from headrace.sandbox.desk import Desk
from headrace.sandbox.wire import Json
from headrace.sandbox.world import Person

VERIFIED_ON = "2026-11-12"


def nothing(params: Json) -> Json:
    """The data of a finder miss."""
    return {
        "first_name": params["first_name"],
        "last_name": params["last_name"],
        "email": None,
        "score": None,
        "domain": params["domain"],
        "accept_all": None,
        "position": None,
        "twitter": None,
        "linkedin_url": None,
        "phone_number": None,
        "company": params["company"],
        "source_type": None,
        "sources": [],
        "verification": {"date": None, "status": None},
    }


def find(person: Person, email: str, desk: Desk) -> Json:
    """The data of a finder hit."""
    standing = desk.standing(person, email)
    domain = email.rpartition("@")[2]
    host = desk.world.company(domain)
    status, score = _STANDINGS[standing]
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": email,
        "score": score,
        "domain": domain,
        "accept_all": bool(host and host.mail_policy == "catch_all"),
        "position": person.job_title if desk.roll("position", person.index) < 0.7 else None,
        "twitter": "",
        "linkedin_url": person.linkedin_url,
        "phone_number": "",
        "company": host.name if host else person.company.name,
        "source_type": "generated",
        "sources": [_source(domain)],
        "verification": {"date": VERIFIED_ON, "status": status},
    }


def _source(domain: str) -> Json:
    dates = {"extracted_on": "2026-03-02", "last_seen_on": "2026-10-18"}
    return {"domain": domain, "uri": f"https://{domain}/team", **dates, "still_on_page": True}


_STANDINGS = {
    verdicts.VALID: ("valid", 98),
    verdicts.VOUCHED: ("accept_all", 84),
    verdicts.ACCEPT_ALL: ("accept_all", 71),
    verdicts.UNKNOWN: ("unknown", 52),
}


def verification(email: str, finding: verdicts.Judgement, desk: Desk) -> Json:
    """The data of a verification."""
    status, result, score = _FINDINGS[finding.word]
    if finding.webmail and status in ("valid", "invalid", "unknown"):
        status = "webmail"
    if desk.has("blocked_status"):
        status, result = "blocked", "risky"
    reached = status not in ("unknown", "blocked")
    return {
        "status": status,
        "result": result,
        "_deprecation_notice": "Using result is deprecated, use status instead",
        "score": score,
        "email": email,
        "regexp": True,
        "gibberish": False,
        "disposable": finding.word == verdicts.DISPOSABLE,
        "webmail": finding.webmail,
        "mx_records": reached,
        "smtp_server": reached,
        "smtp_check": finding.word in (verdicts.VALID, verdicts.VOUCHED, verdicts.ACCEPT_ALL),
        "accept_all": finding.accept_all,
        "block": status == "blocked",
        "sources": [_source(email.rpartition("@")[2])] if finding.word == verdicts.VALID else [],
    }


_FINDINGS = {
    verdicts.VALID: ("valid", "deliverable", 98),
    verdicts.VOUCHED: ("accept_all", "risky", 80),
    verdicts.ACCEPT_ALL: ("accept_all", "risky", 68),
    verdicts.INVALID: ("invalid", "undeliverable", 4),
    verdicts.DISPOSABLE: ("disposable", "risky", 20),
    verdicts.UNKNOWN: ("unknown", "risky", 45),
}
