"""The sandbox and the adapters share no code: two readings of one page keep each other honest."""

import ast
from pathlib import Path

import headrace.sandbox
from headrace.sandbox.vendors import discover

ALLOWED = ("headrace.sandbox", "msgspec")


def test_it_imports_only_itself_and_msgspec() -> None:
    folder = Path(headrace.sandbox.__file__).parent
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            outside = [
                name for name in names if name.split(".")[0] in ("headrace", "msgspec", "aiohttp", "litestar")
            ]
            assert all(name.startswith(ALLOWED) for name in outside), (file, outside)


def test_vendors_are_found_from_their_files() -> None:
    vendors = discover()
    assert set(vendors) == {"leadmagic", "airscale", "hunter", "prospeo", "findymail", "pronto"}
    assert all(vendor.name == name for name, vendor in vendors.items())
