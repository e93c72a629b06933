"""The vendors of the sandbox, one file each; a new file is found by itself."""

from importlib import import_module
from pkgutil import iter_modules

from headrace.sandbox.vendor import Vendor


def discover() -> dict[str, Vendor]:
    """Every vendor in this folder, by name."""
    modules = (
        import_module(f"{__name__}.{module.name}")
        for module in iter_modules(__path__)
        if module.name[0] != "_"
    )
    vendors: list[Vendor] = [module.VENDOR for module in modules]
    return {vendor.name: vendor for vendor in vendors}
