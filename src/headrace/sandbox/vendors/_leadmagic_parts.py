"""The furniture of LeadMagic's replies: company and mail-host fields, problem bodies, headers."""

from headrace.sandbox.accounts import tidy
from headrace.sandbox.desk import Desk
from headrace.sandbox.wire import Json, Request, Response, reply
from headrace.sandbox.world import Company

STAMP = "2026-11-20T08:30:00.000Z"
REQUEST_ID = "5f0c6a52-8f0e-4d1b-9c55-0d3a1b7e2c11"


def pipeline(stamp: str) -> Json:
    """The trace of the vendor's own machinery, its time under the given key."""
    return {"pipeline_version": "2026.11.1", stamp: STAMP, "validation_path_code": "MX1-SMTP2"}


def mail_fields(company: Company | None) -> Json:
    """What is said about a mail host."""
    host = f"mx1.{company.domain}" if company else None
    return {
        "mx_record": host,
        "mx_provider": company.mail_host if company else "",
        "mx_gateway": None,
        "mx_gateway_type": None,
        "mx_security_gateway": False,
        "has_mx": host is not None,
        "mx_records_full": [{"priority": 10, "exchange": host}] if host else [],
    }


def company_fields(company: Company | None, desk: Desk) -> Json:
    """What is said about an employer; empty strings when nothing is known."""
    prefix = "profile" if desk.has("company_profile_keys") else "linkedin"
    place = dict.fromkeys(
        ("name", "locality", "region", "metro", "country", "continent", "street_address", "address_line_2",
         "postal_code", "geo"), "",
    )  # fmt: skip
    if company:
        place |= {
            "name": f"{company.city}, {company.country}",
            "locality": company.city,
            "country": company.country,
        }
    return {
        "company_name": company.name if company else "",
        "company_industry": company.industry if company else "",
        "company_size": company.size if company else "",
        "company_founded": company.founded if company else None,
        "company_type": "private" if company else "",
        "company_location": place,
        f"company_{prefix}_url": f"https://www.linkedin.com/company/{company.slug}" if company else "",
        f"company_{prefix}_id": str(9_000_000 + company.founded) if company else "",
        "company_facebook_url": "",
        "company_twitter_url": "",
    }


def problems(status: int, code: str, title: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An error in the envelope of the current API."""
    base = "https://api.leadmagic.io/errors"
    docs = "https://leadmagic.io/docs/v1/errors"
    error = {"type": f"{base}/{code}", "title": title, "status": status, "code": code, "docs": docs}
    meta = {"request_id": REQUEST_ID, "timestamp": STAMP}
    return reply({"success": False, "errors": [error], "meta": meta}, status, headers=headers)


def bad_key(_request: Request, _desk: Desk) -> Response:
    """The refusal of a missing or wrong key, as problem details."""
    problem = {
        "type": "https://api.leadmagic.io/errors/invalid_api_key",
        "title": "Unauthorized",
        "status": 401,
        "code": "invalid_api_key",
        "detail": "Provide a valid API key in X-API-Key or as a bearer token.",
        "request_id": REQUEST_ID,
        "suggested_action": "Check your API key in the dashboard.",
    }
    return reply(problem, 401, content_type="application/problem+json")


def headers(desk: Desk) -> tuple[tuple[str, str], ...]:
    """The rate and credit headers of every answer; soft mode lets everything through."""
    return (
        ("RateLimit-Limit", "300"),
        ("RateLimit-Remaining", "299"),
        ("RateLimit-Reset", "60"),
        ("X-RateLimit-Limit", "300"),
        ("X-RateLimit-Remaining", "299"),
        ("X-RateLimit-Remaining-Daily", "499999"),
        ("X-RateLimit-Daily-Usage-Percent", "0"),
        ("X-RateLimit-Soft-Mode", "true"),
        ("X-Credits-Remaining", str(tidy(desk.account.pools["credits"]))),
        ("X-Credits-Cost", str(tidy(desk.cost))),
    )
