"""The `headrace` command; also `python -m headrace`."""

import gc


def main() -> None:
    """Load the commands and run one."""
    # Nothing that is loaded at a start is garbage, and looking for it there takes a tenth of the time.
    gc.disable()
    from headrace.cli.main import main as run  # noqa: PLC0415

    gc.enable()
    run()


if __name__ == "__main__":
    main()
