"""Two API processes and two workers, with the PostgreSQL, the Valkey and the vendors that they share."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.config import Settings, load
from headrace.storage import schema
from tests.fleet.process import Process, told

VENDORS = ("airscale", "findymail", "hunter", "leadmagic", "pronto", "prospeo")


@dataclass(frozen=True, slots=True)
class Fleet:
    """The processes, and the settings that all of them have."""

    directory: Path
    settings: Mapping[str, str]
    sandbox: Process
    apis: Sequence[Process]
    workers: Sequence[Process]

    @property
    def urls(self) -> list[str]:
        """Of the API processes that were started, dead or alive."""
        return [api.said["url"] for api in self.apis]

    @property
    def sandbox_url(self) -> str:
        url: str = self.sandbox.said["sandbox_url"]
        return url

    def told(self, *arguments: str) -> Any:
        """What a command of an operator's answers."""
        return told(self.directory, self.settings, *arguments)

    def loaded(self) -> Settings:
        """The settings as the processes read them."""
        return load(None, {f"HEADRACE_{name}": value for name, value in self.settings.items()})


@contextmanager
def sandbox(directory: Path) -> Iterator[Process]:
    """The vendors, in a process of their own."""
    with Process(directory, "sandbox", "--port", "0", settings={}, name="sandbox") as running:
        yield running


def at(sandbox_url: str, vendors: Sequence[str] = VENDORS) -> dict[str, str]:
    """Settings that send these vendors' calls to a sandbox."""
    each: Mapping[str, Any] = {"API_KEY": "sandbox", "RATE": "0", "CONCURRENCY": "10000"}
    made: dict[str, str] = {}
    for vendor in vendors:
        section = {**each, "BASE_URL": f"{sandbox_url}/{vendor}"}
        made |= {f"PROVIDERS__{vendor.upper()}__{name}": value for name, value in section.items()}
    return made


@contextmanager
def fleet(
    directory: Path,
    database: str,
    shared: str,
    overlay: Mapping[str, str],
    *,
    vendors: Sequence[str] = VENDORS,
    apis: int = 2,
    workers: int = 2,
) -> Iterator[Fleet]:
    """A fleet on that database and that Valkey. `overlay`: more settings, as in the environment."""
    with ExitStack() as stack:
        vendors_at = stack.enter_context(sandbox(directory))
        settings = {
            "DATABASE__URL": database,
            "SHARED__URL": shared,
            **at(vendors_at.said["sandbox_url"], vendors),
            **overlay,
        }
        made = Fleet(
            directory,
            settings,
            vendors_at,
            [_member(directory, settings, f"api-{n}") for n in range(apis)],
            [_member(directory, settings, f"worker-{n}") for n in range(workers)],
        )
        schema.upgrade(made.loaded().database_at)
        for member in (*made.apis, *made.workers):  # all at once; each takes a second of CPU time
            member.start()
            stack.push(member)
        for member in (*made.apis, *made.workers):
            member.ready()
        yield made


def _member(directory: Path, settings: Mapping[str, str], name: str) -> Process:
    arguments = ("serve", "--port", "0", "--no-worker") if name.startswith("api") else ("worker",)
    return Process(directory, *arguments, settings={**settings, "JOBS__NAME": name}, name=name)
