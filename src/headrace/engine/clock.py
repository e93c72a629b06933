"""The machine's clocks."""

import time


class SystemClock:
    """`ports.Clock` on the operating system, with nothing in between: each enrichment asks forty times."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)
