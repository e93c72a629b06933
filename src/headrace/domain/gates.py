"""May this be asked? Required fields and consent, before anything is spent."""

from headrace.domain.errors import Problem
from headrace.domain.model import Account, Contact, EnrichmentRequest, Field

_NEEDS_PROFILE = (Field.PHONE, Field.PERSONAL_EMAIL)


def check(request: EnrichmentRequest, account: Account, *, later: bool = False) -> None:
    """Raises `Problem` (`bad_request` or `consent_missing`) when the request may not run. `later`: its caller
    does not wait, and is asked for an employer too, as documented."""
    complain = _lenient if account.lenient else _strict
    complaint = complain(request.contact, request.fields)
    if not complaint and later and not account.lenient:
        complaint = _without_employer(request.contact, request.fields)
    if complaint:
        raise Problem("bad_request", detail=complaint)
    if Field.PERSONAL_EMAIL in request.fields and not account.consents_personal_email:
        raise Problem("consent_missing")


def runnable(request: EnrichmentRequest) -> tuple[Field, ...]:
    """The fields that will be looked for: without a profile, only the work e-mail can be."""
    if request.contact.linkedin_url:
        return request.fields
    return tuple(field for field in request.fields if field not in _NEEDS_PROFILE)


def allowed(request: EnrichmentRequest, account: Account) -> tuple[Field, ...]:
    """Those of them that the account still consents to: what was queued may have waited for long."""
    consents = account.consents_personal_email
    return tuple(field for field in runnable(request) if consents or field is not Field.PERSONAL_EMAIL)


def _strict(contact: Contact, fields: tuple[Field, ...]) -> str | None:
    if not contact.first_name:
        return "firstname is required"
    if not contact.last_name:
        return "lastname is required"
    for field in _NEEDS_PROFILE:
        if field in fields and not contact.linkedin_url:
            return f"linkedin_url is required when enrichment_type includes {field}"
    return None


def _without_employer(contact: Contact, fields: tuple[Field, ...]) -> str | None:
    if Field.EMAIL in fields and not contact.domain and not contact.company_name:
        return "domain or company_name is required when enrichment_type includes email"
    return None


def _lenient(contact: Contact, fields: tuple[Field, ...]) -> str | None:
    """A profile alone is enough; without one only the work e-mail runs, from a name and an employer."""
    if contact.linkedin_url:
        return None
    if Field.EMAIL not in fields:
        return f"linkedin_url is required when enrichment_type includes {fields[0]}"
    if "name" not in contact.traits:
        return "firstname and lastname are required without linkedin_url"
    if not contact.domain and not contact.company_name:
        return "domain or company_name is required without linkedin_url"
    return None
