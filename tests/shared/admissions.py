"""When a store admitted requests, as it says itself: all of it, however late one looks."""

import threading

import redis

_NO_MORE = "no more of them"


class Admissions:
    """Hears every command that the store carries out from now on, those of its scripts among them. Its logs
    would do, but an entry leaves them after a second, in which nobody may have had time to look."""

    def __init__(self, url: str, logs: str) -> None:
        """`logs`: how the names of the logs begin."""
        self.times: set[int] = set()
        """In microseconds, once there are no more."""
        self._logs = logs
        self._client = redis.Redis.from_url(url, socket_timeout=None)
        self._monitor = self._client.monitor()  # type: ignore[no-untyped-call]

    def __enter__(self) -> "Admissions":
        self._monitor.__enter__()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Returns once everything was heard that happened before."""
        self._client.echo(_NO_MORE)
        self._thread.join()
        self._monitor.__exit__(None, None, None)
        self._client.close()

    def _listen(self) -> None:
        while (said := self._monitor.next_command()["command"]) != f"ECHO {_NO_MORE}":
            words = said.split()
            if words[0] == "ZADD" and words[1].startswith(self._logs):
                self.times.add(int(words[3]))
