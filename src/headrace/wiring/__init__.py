"""The only place that knows everyone: settings become a running application."""

from headrace.wiring.headrace import Headrace, build
from headrace.wiring.own import make_own
from headrace.wiring.parts import make_prices, make_transport
from headrace.wiring.rehearsal import at_mail_lab, has_own_mail
from headrace.wiring.storage import erasure_patience, open_storage, retention_periods
from headrace.wiring.vendors import at_sandbox, credentials_of, make_plan, make_vendors, with_entered_keys

__all__ = [
    "Headrace",
    "at_mail_lab",
    "at_sandbox",
    "build",
    "credentials_of",
    "erasure_patience",
    "has_own_mail",
    "make_own",
    "make_plan",
    "make_prices",
    "make_transport",
    "make_vendors",
    "open_storage",
    "retention_periods",
    "with_entered_keys",
]
