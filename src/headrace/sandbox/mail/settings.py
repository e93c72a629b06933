"""What a Headrace must be told to use the lab."""

from typing import Any

import msgspec

from headrace.sandbox.mail.lab import LOOPBACK, MailLab

HELO = "probe.headrace.example"


def client_settings(lab: MailLab) -> dict[str, dict[str, Any]]:
    """The sections of its settings, once the lab listens."""
    return {
        "dns": {"servers": [f"{LOOPBACK}:{lab.dns_port}"]},
        "probe": {
            "enabled": True,
            "port": lab.smtp_port,
            "helo": HELO,
            "mail_from": f"check@{HELO}",
            "allow_private": ["127.0.0.0/8"],
        },
    }


def as_toml(sections: dict[str, dict[str, Any]]) -> str:
    """The same as lines of a settings file."""
    return "\n\n".join(
        "\n".join([f"[{name}]", *(f"{key} = {_spelt(value)}" for key, value in keys.items())])
        for name, keys in sections.items()
    )


def _spelt(value: object) -> str:
    """Numbers, truth values, plain texts and lists of them look alike in JSON and TOML."""
    return msgspec.json.encode(value).decode()
