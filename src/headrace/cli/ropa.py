"""`headrace privacy ropa`: the register of processing activities, from the settings in force."""

from typing import Any
from urllib.parse import urlsplit

from headrace.cli.options import AsJson, ConfigFile, settings_with_keys, show
from headrace.config import Settings
from headrace.engine.vendor import Vendor
from headrace.storage.sealing import CIPHER, FIRST_CIPHER
from headrace.wiring import make_vendors

_UNKNOWN = "to be filled in by you"


def ropa(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print the register of processing (Art. 30 GDPR) as far as the settings tell it."""
    settings = settings_with_keys(config)
    register = _register(settings)
    show(register, as_json, "\n".join(_lines(register)))


def _register(settings: Settings) -> dict[str, Any]:
    privacy = settings.privacy
    return {
        "controller": _UNKNOWN,
        "purposes": privacy.purpose or _UNKNOWN,
        "legal_basis": _UNKNOWN,
        "data_subjects": "professionals who are looked for on behalf of accounts",
        "data_categories": [
            "first and last name, employer, LinkedIn profile, as the account gives them",
            "work e-mail address, phone numbers and personal e-mail address, as vendors return them",
            "where each value came from and when; what was asked of which vendor",
            "the domains that employers write from, and counts of how they form addresses: no person's",
        ],
        "recipients": [
            "the account that asked, and its webhook",
            *(f"{name}: is told whom to look for" for name in sorted(make_vendors(settings))),
        ],
        "vendors": [_vendor(name, vendor) for name, vendor in sorted(make_vendors(settings).items())],
        "retention_days": {
            "results": privacy.results_days,
            "answers": privacy.answers_days,
            "domains_of_companies": privacy.answers_days,
            "outcomes": privacy.results_days,
            "idempotency": 1,
            "audit_log": privacy.audit_days,
            "suppressions": "until withdrawn",
            "books": "without personal data, kept",
        },
        "consent_version": privacy.consent_version,
        "security_measures": [
            f"records, webhooks, answers and keys of vendors are encrypted in the database ({CIPHER}; what a "
            f"first version wrote, until `headrace db rotate-keys`: {FIRST_CIPHER}); encryption keys can be "
            "rotated while serving",
            "persons are found by keyed hashes; API keys are kept as keyed hashes",
            "log lines, metrics, URLs and error texts hold no personal data",
            "vendors are called over https only, with verified certificates",
            "what operators do is written to a chained audit log",
        ],
    }


def _vendor(name: str, vendor: Vendor) -> dict[str, Any]:
    return {
        "vendor": name,
        "host": urlsplit(vendor.base_url).hostname,
        "asked_for": sorted(str(each) for each in vendor.capabilities),
        "country": _UNKNOWN,
        "transfer_safeguards": _UNKNOWN,
    }


def _lines(register: dict[str, Any]) -> list[str]:
    lines = []
    for heading, content in register.items():
        lines.append(heading.replace("_", " "))
        if isinstance(content, dict):
            lines += [f"  {key.replace('_', ' ')}: {value}" for key, value in content.items()]
        elif isinstance(content, list):
            lines += [f"  {_line(each)}" for each in content]
        else:
            lines.append(f"  {content}")
    return lines


def _line(item: object) -> str:
    if isinstance(item, dict):
        return "; ".join(f"{key.replace('_', ' ')}: {value}" for key, value in item.items())
    return str(item)
