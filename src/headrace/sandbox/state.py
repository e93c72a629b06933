"""Everything of a running sandbox that changes, so that one reset brings back the first day."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.sandbox.accounts import Account
from headrace.sandbox.faults import Script
from headrace.sandbox.latency import Latency
from headrace.sandbox.vendor import Vendor
from headrace.sandbox.world import World


@dataclass(slots=True)
class State:
    """The vendors' books, the calls counted, the faults to come and the latencies."""

    world: World
    vendors: Mapping[str, Vendor]
    latency: Latency
    accounts: dict[str, Account] = field(init=False)
    calls: dict[str, dict[str, int]] = field(init=False)
    script: Script = field(default_factory=Script)

    def __post_init__(self) -> None:
        self.accounts = {name: Account(vendor.pools) for name, vendor in self.vendors.items()}
        self.calls = {name: {} for name in self.vendors}

    def count(self, vendor: str, capability: str) -> None:
        """Note one call."""
        calls = self.calls[vendor]
        calls[capability] = calls.get(capability, 0) + 1

    def reset(self) -> None:
        """Forget faults, latencies, calls, charges and variants."""
        self.script.reset()
        self.latency.reset()
        for calls in self.calls.values():
            calls.clear()
        for account in self.accounts.values():
            account.reset()
