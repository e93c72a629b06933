"""The settings of a rehearsal: mail is looked up and asked about at the sandbox's mail lab."""

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.config import Settings


def has_own_mail(settings: Settings) -> bool:
    """Whether the operator said himself where mail is looked up, or who asks about it."""
    return bool(settings.dns.servers or settings.probe.enabled)


def at_mail_lab(settings: Settings, sections: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The same settings with name server and mail hosts of a lab (see `sandbox.mail.settings`). Time limits
    and paces stay; a proxy does not: it could not reach them."""
    dns, probe = sections["dns"], sections["probe"]
    return msgspec.structs.replace(
        settings,
        dns=msgspec.structs.replace(settings.dns, servers=tuple(dns["servers"])),
        probe=msgspec.structs.replace(
            settings.probe, **{**probe, "allow_private": tuple(probe["allow_private"]), "proxy": None}
        ),
    )
