"""The processes of a measurement."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import trustme

from headrace.providers import registry

ASKED = ["leadmagic", "prospeo", "hunter"]
"""Two that know nothing and one that answers."""

HEADRACE = Path(sys.executable).with_name("headrace")


@dataclass(frozen=True, slots=True)
class Server:
    """A process and where it listens; `key` opens it."""

    process: psutil.Process
    port: int
    key: str = ""

    @property
    def cpu_seconds(self) -> float:
        """Of all its threads: to the nanosecond where the kernel says so, else in its ticks of 10 ms."""
        threads = list(Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"))
        if threads:
            return sum(int(each.read_text().split()[0]) for each in threads) / 1e9
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def rss_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1e6


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate authority of our own, so that TLS is verified as in production."""

    server: Path
    authority: Path


def certificates(directory: Path) -> Certificates:
    """Make them."""
    authority = trustme.CA()
    made = Certificates(directory / "server.pem", directory / "ca.pem")
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(made.server)
    )
    authority.cert_pem.write_to_path(str(made.authority))
    return made


@contextmanager
def vendor(keys: Certificates, delay_ms: float, core: int) -> Iterator[Server]:
    """The vendors, taking `delay_ms` for each answer."""
    with _python("bench.vendor", str(keys.server), str(delay_ms), core=core) as process:
        assert process.stdout
        yield Server(psutil.Process(process.pid), int(process.stdout.readline()))


@contextmanager
def floor(keys: Certificates, vendor_port: int, directory: Path, core: int) -> Iterator[Server]:
    """The floor to compare with."""
    database = directory / "floor.db"
    with _python("bench.floor", str(vendor_port), str(keys.authority), str(database), core=core) as process:
        assert process.stdout
        yield Server(psutil.Process(process.pid), json.loads(process.stdout.readline())["port"])


@contextmanager
def headrace(
    keys: Certificates,
    vendor_port: int,
    directory: Path,
    core: int,
    client: str = "pyreqwest",
    every_vendor: bool = False,
) -> Iterator[Server]:
    """Headrace itself, asking three vendors in turn; an account with plenty of credits."""
    config = directory / "headrace.toml"
    names = registry.names() if every_vendor else ASKED
    config.write_text(_settings(keys, vendor_port, client, names))
    key = new_key(config)
    with serving(config, core) as server:
        yield Server(server.process, server.port, key)


@contextmanager
def sandbox(core: int) -> Iterator[Server]:
    """Invented vendors who know invented people."""
    with _process([str(HEADRACE), "sandbox", "--port", "0", "--json"], core) as process:
        yield Server(psutil.Process(process.pid), _port(process, "sandbox_url"))


@contextmanager
def serving(config: Path, core: int, *options: str) -> Iterator[Server]:
    """Headrace with these settings, on the database beside them."""
    command = [str(HEADRACE), "serve", "--config", str(config), "--port", "0", "--json", *options]
    with _process(command, core) as process:
        yield Server(psutil.Process(process.pid), _port(process, "url"))


def start_up_seconds(config: Path, core: int) -> float:
    """From starting the command to the first answer of `/healthz`."""
    port = 18000 + os.getpid() % 2000
    began = time.perf_counter()
    with _process([str(HEADRACE), "serve", "--config", str(config), "--port", str(port)], core):
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
                    assert answer.status == 200
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.005)


def vendor_times(server: Server, keys: Certificates) -> dict[str, float]:
    """How long the vendors themselves took for each person, in milliseconds."""
    context = ssl.create_default_context(cafile=str(keys.authority))
    with urllib.request.urlopen(f"https://127.0.0.1:{server.port}/times", context=context) as answer:
        told: dict[str, float] = json.load(answer)
        return told


def new_key(config: Path) -> str:
    """Of a new account with plenty of credits."""
    create = ["accounts", "create", "bench", "--credits", "1000000000", "--config", str(config), "--json"]
    return str(json.loads(_command(*create))["api_key"])


def at_sandbox(port: int) -> str:
    """Settings that send the calls of every vendor to the sandbox, and let webhooks go to loopback."""
    sections = "\n".join(
        f'[providers.{name}]\napi_key = "bench"\nrate = 0\nconcurrency = 10000\n'
        f'base_url = "http://127.0.0.1:{port}/{name}"'
        for name in registry.names()
    )
    return f"""
[server]
rate_limit = 1000000
[webhooks]
allow_http = true
allow_private = ["127.0.0.0/8"]
{sections}
"""


def _port(process: "subprocess.Popen[str]", name: str) -> int:
    """Where it listens, from the line that it says when it is ready."""
    assert process.stdout
    return int(json.loads(process.stdout.readline())[name].rsplit(":", 1)[1])


def _command(*words: str) -> str:
    return subprocess.run([str(HEADRACE), *words], check=True, capture_output=True, text=True).stdout


def _settings(keys: Certificates, vendor_port: int, client: str, names: Sequence[str]) -> str:
    sections = "\n".join(
        f'[providers.{name}]\napi_key = "bench"\nrate = 0\nconcurrency = 10000\n'
        f'base_url = "https://127.0.0.1:{vendor_port}/{name}"'
        for name in names
    )
    return f"""
[server]
rate_limit = 1000000
[waterfall.order]
email = {json.dumps(ASKED)}
personal_email = []
phone = []
[waterfall.deadline]
email = 55
[verification]
order = []
[transport]
client = "{client}"
ca_file = "{keys.authority}"
{sections}
"""


@contextmanager
def _python(module: str, *arguments: str, core: int) -> Iterator["subprocess.Popen[str]"]:
    with _process([sys.executable, "-m", module, *arguments], core) as process:
        yield process


@contextmanager
def _process(command: list[str], core: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {core % (os.cpu_count() or 1)})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()
