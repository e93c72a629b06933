"""The sandbox's own endpoints: the truth about its people, and the levers for tests.

`GET /_world/people` lists everyone. Under `/_control/`: `GET calls`, `GET balances`, `GET spent`; `POST
faults` `{"vendor", "capability", "fault", "count"}`, `POST latency` `{"vendor", "ms"}` (all vendors without a
vendor, the natural latency with a null), `POST balance` `{"vendor", "credits", "pool"}`, `POST variant`
`{"vendor", "variant"}` (switches add up; a null clears the vendor's), `POST reset`.
"""

import math
from collections.abc import Callable
from functools import cached_property

import msgspec

from headrace.sandbox.accounts import tidy
from headrace.sandbox.faults import CAPABILITIES, FAULTS
from headrace.sandbox.state import State
from headrace.sandbox.vendor import Vendor
from headrace.sandbox.wire import BadInput, Json, Request, Response, reply, text_of
from headrace.sandbox.world import Person


class Control:
    """Answers everything that is not a vendor's."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._routes: dict[str, dict[str, Callable[[Request], Response]]] = {
            "/": {"GET": self._index},
            "/_world/people": {"GET": self._people},
            "/_control/calls": {"GET": self._calls},
            "/_control/balances": {"GET": self._balances},
            "/_control/spent": {"GET": self._spent},
            "/_control/faults": {"POST": self._faults},
            "/_control/latency": {"POST": self._latency},
            "/_control/balance": {"POST": self._balance},
            "/_control/variant": {"POST": self._variant},
            "/_control/reset": {"POST": self._reset},
        }

    def answer(self, request: Request) -> Response:
        """The reply to a control call."""
        methods = self._routes.get(request.path)
        if methods is None:
            return reply({"error": f"Nothing is served at {request.path}."}, 404)
        handle = methods.get(request.method)
        if handle is None:
            return reply(
                {"error": f"Use {', '.join(methods)}."}, 405, headers=(("allow", ", ".join(methods)),)
            )
        try:
            return handle(request)
        except BadInput as problem:
            return reply({"error": str(problem)}, 400)

    def _index(self, _request: Request) -> Response:
        return reply(
            {"sandbox": True, "vendors": sorted(self._state.vendors), "control": sorted(self._routes)[1:]}
        )

    def _people(self, _request: Request) -> Response:
        return Response(200, self._everyone)

    @cached_property
    def _everyone(self) -> bytes:
        return msgspec.json.encode([_public(person) for person in self._state.world.people])

    def _calls(self, _request: Request) -> Response:
        return reply(self._state.calls)

    def _balances(self, _request: Request) -> Response:
        accounts = self._state.accounts.items()
        return reply(
            {name: {pool: tidy(n) for pool, n in account.pools.items()} for name, account in accounts}
        )

    def _spent(self, _request: Request) -> Response:
        return reply(
            {name: tidy(sum(account.spent.values())) for name, account in self._state.accounts.items()}
        )

    def _faults(self, request: Request) -> Response:
        vendor = self._vendor(request.json)
        capability, fault = text_of(request.json, "capability"), text_of(request.json, "fault")
        _among(capability, CAPABILITIES, "capability")
        _among(fault, FAULTS, "fault")
        count = request.json.get("count", 1)
        if type(count) is not int or count < 1:
            raise BadInput("count must be a whole number of at least 1.")
        self._state.script.add(vendor.name, capability, fault, count)
        return reply({"vendor": vendor.name, "capability": capability, "fault": fault, "count": count})

    def _latency(self, request: Request) -> Response:
        named = request.json.get("vendor") is not None
        vendors = [self._vendor(request.json).name] if named else list(self._state.vendors)
        if "ms" not in request.json:
            raise BadInput("ms is required: a number, or null for the natural latency.")
        milliseconds = None if request.json["ms"] is None else _amount(request.json, "ms")
        for vendor in vendors:
            self._state.latency.fix(vendor, milliseconds)
        return reply({"vendors": vendors, "ms": milliseconds})

    def _balance(self, request: Request) -> Response:
        vendor = self._vendor(request.json)
        credits = _amount(request.json, "credits")
        pool = text_of(request.json, "pool")
        pools = [pool] if pool else list(vendor.pools)
        for name in pools:
            _among(name, frozenset(vendor.pools), f"pool of {vendor.name}")
            self._state.accounts[vendor.name].pools[name] = credits
        return reply({"vendor": vendor.name, "pools": pools, "credits": tidy(credits)})

    def _variant(self, request: Request) -> Response:
        vendor = self._vendor(request.json)
        variants = self._state.accounts[vendor.name].variants
        if request.json.get("variant") is None:
            variants.clear()
        else:
            variant = text_of(request.json, "variant")
            _among(variant, vendor.variants, f"variant of {vendor.name}")
            variants.add(variant)
        return reply({"vendor": vendor.name, "variants": sorted(variants)})

    def _reset(self, _request: Request) -> Response:
        self._state.reset()
        return reply({"reset": True})

    def _vendor(self, fields: Json) -> Vendor:
        name = text_of(fields, "vendor")
        _among(name, frozenset(self._state.vendors), "vendor")
        return self._state.vendors[name]


def _among(value: str, known: frozenset[str], what: str) -> None:
    if value not in known:
        raise BadInput(f"Unknown {what}: {value or 'none given'}. Known: {', '.join(sorted(known))}.")


def _amount(fields: Json, name: str) -> float:
    value = fields.get(name)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) and value >= 0)
    ):
        raise BadInput(f"{name} must be a number of at least 0.")
    return value


def _public(person: Person) -> Json:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "linkedin_url": person.linkedin_url,
        "company": person.company.name,
        "domain": person.company.domain,
        "work_email": person.work_email,
        "personal_email": person.personal_email,
        "phones": [phone.e164 for phone in person.phones],
        "mail_policy": person.company.mail_policy,
    }
