"""`headrace sandbox`: the rehearsal vendors alone, and a mail lab beside them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.background import AnnouncingServer, listen, server_config, url_of
from headrace.cli.options import AsJson, CommandError, ConfigFile, announce, settings_from

if TYPE_CHECKING:
    from headrace.sandbox.app import Sandbox
    from headrace.sandbox.mail import MailLab

PORT = 8090

LabPort = Annotated[int | None, typer.Option(min=0, max=65_535, help="With --mail. Default: a free one.")]


def sandbox(
    port: Annotated[int, typer.Option(help="0 takes a free port.")] = PORT,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    mail: Annotated[bool, typer.Option("--mail", help="Also run a name server and mail servers.")] = False,
    dns_port: LabPort = None,
    smtp_port: LabPort = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Serve invented people through servers that speak each vendor's wire."""
    if not mail and (dns_port or smtp_port):
        raise CommandError("--dns-port and --smtp-port belong to --mail")
    settings_from(config)
    app, lab = with_lab(dns_port or 0, smtp_port or 0) if mail else (without_lab(), None)
    listener = listen(host, port)

    def started() -> None:
        if app.trouble:
            server.should_exit = True
        else:
            _introduce(url_of(listener), lab, as_json)

    server = AnnouncingServer(server_config(app, grace=1), started)
    server.run([listener])
    if app.trouble:
        raise CommandError(f"cannot run the mail lab: {app.trouble}")


def without_lab() -> "Sandbox":
    """The vendors."""
    # Imported where it is wanted: no other command should wait for it.
    from headrace.sandbox.app import create_app  # noqa: PLC0415

    return create_app()


def with_lab(dns_port: int = 0, smtp_port: int = 0) -> "tuple[Sandbox, MailLab]":
    """The vendors with a mail lab of the same people, which listens once the vendors do."""
    from headrace.sandbox import world  # noqa: PLC0415
    from headrace.sandbox.app import Sandbox  # noqa: PLC0415
    from headrace.sandbox.mail import MailLab  # noqa: PLC0415

    people = world.build(world.SEED)
    lab = MailLab(people, dns_port, smtp_port)
    return Sandbox(people, lab=lab), lab


def _introduce(url: str, lab: "MailLab | None", as_json: bool) -> None:
    told: dict[str, Any] = {"sandbox_url": url}
    text = f"Sandbox vendors at {url}/<vendor>\nPeople   {url}/_world/people\nControl  {url}/_control/calls"
    if lab:
        from headrace.sandbox.mail.settings import as_toml, client_settings  # noqa: PLC0415

        sections = client_settings(lab)
        told |= sections
        text += f"\nMail     {url}/_mail/counts\n\nFor the settings of a Headrace:\n\n{as_toml(sections)}"
    announce(told, as_json, text)
