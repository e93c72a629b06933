"""The seeded world's domains in the lab: each with the mail host and behaviour that the world gives it."""

from collections.abc import Mapping

from headrace.sandbox.chance import pick
from headrace.sandbox.mail.zones import Zones
from headrace.sandbox.names import DISPOSABLE_DOMAINS, PERSONAL_DOMAINS
from headrace.sandbox.world import Company, World

UNVERIFIABLE = ("greylist", "ipblock", "policy", "busy")
"""The servers of companies about whom no verifier can find anything out."""


def publish(zones: Zones, world: World, addresses: Mapping[str, str]) -> None:
    """Mail records for everyone's domain. `addresses`: those of the lab's servers, by case."""
    zones.add("mx2.mail.ovh.net", "A", addresses["ovh"])
    zones.add("mx01.kundenserver.de", "A", addresses["ionos"])
    zones.add("alt1.aspmx.l.google.com", "A", addresses["google"])
    for company in world.companies:
        _company(zones, world, company, addresses)
    for domain in (*PERSONAL_DOMAINS, *sorted(DISPOSABLE_DOMAINS)):
        _own_server(zones, domain, addresses["normal"])
    zones.mail("gmail.com", (5, "gmail-smtp-in.l.google.com"))


def _company(zones: Zones, world: World, company: Company, addresses: Mapping[str, str]) -> None:
    domain = company.domain
    if company.mail_policy == "unverifiable":
        _own_server(zones, domain, addresses[pick(UNVERIFIABLE, "mail", world.seed, domain)])
        return
    match company.mail_host:
        case "google":
            zones.mail(domain, (1, "aspmx.l.google.com"), (5, "alt1.aspmx.l.google.com"))
        case "microsoft":
            tenant = f"{domain.replace('.', '-')}.mail.protection.outlook.com"
            zones.mail(domain, (0, tenant))
            zones.add(tenant, "A", addresses["microsoft"])
        case "ovh":
            zones.mail(domain, (1, "mx1.mail.ovh.net"), (50, "mx2.mail.ovh.net"))
        case "ionos":
            zones.mail(domain, (10, "mx00.kundenserver.de"), (10, "mx01.kundenserver.de"))
        case _:
            _own_server(zones, domain, addresses["normal"])


def _own_server(zones: Zones, domain: str, address: str) -> None:
    zones.mail(domain, (10, f"mail.{domain}"))
    zones.add(f"mail.{domain}", "A", address)
