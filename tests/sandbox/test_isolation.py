"""The sandbox and the adapters share no code: two readings of one page keep each other honest."""

import subprocess
import sys

from headrace.sandbox.vendors import discover

ALLOWED = ("headrace.sandbox", "headrace.version")

LOAD_ALL = """
import importlib, pkgutil, sys
import headrace.sandbox
for each in pkgutil.walk_packages(headrace.sandbox.__path__, "headrace.sandbox."):
    importlib.import_module(each.name)
print(*sorted(name for name in sys.modules if name.startswith("headrace.")))
"""


def test_it_loads_nothing_of_the_rest() -> None:
    """What it would load later, `make check` looks at."""
    done = subprocess.run([sys.executable, "-c", LOAD_ALL], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "headrace.sandbox.vendors.hunter" in loaded
    assert [name for name in loaded if not name.startswith(ALLOWED)] == []


def test_vendors_are_found_from_their_files() -> None:
    vendors = discover()
    assert set(vendors) == {"leadmagic", "airscale", "hunter", "prospeo", "findymail", "pronto"}
    assert all(vendor.name == name for name, vendor in vendors.items())
