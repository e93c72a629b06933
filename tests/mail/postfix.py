"""A real Postfix beside the lab's servers: its own configuration and queue, one `smtpd`, two domains."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.mailboxes import ODD

ADDRESS = "127.0.25.200"
STRICT, LAX = f"postfix.{ODD}", f"postfix-catchall.{ODD}"

_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/queue/log
maillog_file_prefixes = {home}
myhostname = {strict}
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtpd_peername_lookup = no
virtual_mailbox_domains = {strict}, {lax}
virtual_mailbox_maps = inline:{{ {{ana@{strict} = ana}} {{@{lax} = all}} }}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{full@{strict} = 452 4.2.2 Mailbox full}} \
{{banned@{strict} = 554 5.7.1 Client host blocked using zen.spamhaus.example}} }}
"""
_MASTER = """
{address}:{port} inet n - n - - smtpd
rewrite unix - - n - - trivial-rewrite
cleanup unix n - n - 0 cleanup
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_QUEUE = ("pid", "private", "public", "maildrop", "incoming", "active", "deferred", "bounce", "defer", "hold")


def why_not() -> str:
    """Why Postfix cannot run here; empty where it can."""
    if shutil.which("postconf") is None:
        return "Postfix is not installed"
    return "" if os.geteuid() == 0 else "Postfix starts as root only"


@contextmanager
def running(lab: MailLab) -> Iterator[None]:
    """Postfix at the lab's port, with its domains in the lab's zones."""
    with tempfile.TemporaryDirectory(prefix="postfix-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # its processes run as somebody else
        with _started(lab, home):
            yield


@contextmanager
def _started(lab: MailLab, home: Path) -> Iterator[None]:
    for domain in (STRICT, LAX):
        lab.zones.mail(domain, (10, f"mx.{domain}"))
        lab.zones.add(f"mx.{domain}", "A", ADDRESS)
    config = _write(home, lab.smtp_port)
    asked = ["postconf", "-c", str(config), "-h", "daemon_directory"]
    daemons = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    process = subprocess.Popen(
        [daemons / "master", "-c", str(config)], env=os.environ | {"MAIL_CONFIG": str(config)}
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _write(home: Path, port: int) -> Path:
    for folder in ("config", "data", *(f"queue/{name}" for name in _QUEUE)):
        (home / folder).mkdir(parents=True)
    for folder in ("data", *(f"queue/{name}" for name in _QUEUE if name != "pid")):
        shutil.chown(home / folder, "postfix")
    settings = {"home": home, "address": ADDRESS, "strict": STRICT, "lax": LAX, "port": port}
    (home / "config" / "main.cf").write_text(_MAIN.format(**settings))
    (home / "config" / "master.cf").write_text(_MASTER.format(**settings))
    return home / "config"
