"""Drive kakehi from Python: this one file, and the standard library.

Written from docs/protocol.md. Not for several threads at once: give each its own connection.
"""

import collections
import itertools
import json
import select
import socket
import time


class Refused(Exception):
    """The proxy refused an order, and changed nothing. `code` is one of docs/errors.md."""

    def __init__(self, answer):
        super().__init__(answer["message"])
        self.answer, self.code = answer, answer["error"]["code"]


class Kakehi:
    """One connection to the command socket. Where it ends too early, `ConnectionError` is raised."""

    def __init__(self, path, timeout=30):
        """`timeout`: the seconds that connecting may take. Orders take as long as they take."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._ids = map(str, itertools.count(1))
        self._unread = {}
        self._pieces = []

    def post(self, type, data=None, **envelope):
        """Sends an order without waiting for its answers; its id. `if_revision=41` is bound to a revision."""
        id = next(self._ids)
        self._unread[id] = collections.deque()
        order = {"id": id, "type": type, "data": data or {}, **envelope}
        self._write(json.dumps(order).encode() + b"\0")
        return id

    def answers(self, id):
        """The answers to an order as they come: its progress, and last its OK. Raises `Refused`."""
        while True:
            while not self._unread[id]:
                self._wait(select.POLLIN)
                self._read()
            answer = self._unread[id].popleft()
            if answer["status"] != "PROCESSING":
                del self._unread[id]
            if answer["status"] == "ERROR":
                raise Refused(answer)
            yield answer
            if answer["status"] == "OK":
                return

    def send(self, type, data=None, **envelope):
        """Sends an order, and waits for its OK. Raises `Refused`."""
        *_, last = self.answers(self.post(type, data, **envelope))
        return last

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _write(self, frame):
        # Reads meanwhile: the proxy takes no more orders from who leaves too many answers unread.
        while frame:
            ready = self._wait(select.POLLIN | select.POLLOUT)
            if ready & ~select.POLLOUT:
                self._read()
            if ready & select.POLLOUT:
                frame = frame[self._socket.send(frame) :]

    def _wait(self, events):
        self._poll.register(self._socket, events)
        return self._poll.poll()[0][1]

    def _read(self):
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the proxy closed the connection")
        *frames, rest = data.split(b"\0")
        for frame in frames:
            whole = b"".join([*self._pieces, frame])
            self._pieces = []
            if whole.strip():
                self._deliver(json.loads(whole))
        self._pieces.append(rest)

    def _deliver(self, answer):
        if answer["id"] is None:
            raise ConnectionError(answer["message"])
        if answer["id"] in self._unread:
            self._unread[answer["id"]].append(answer)


def events(path, since=None, retry=0.5):
    """What happens, over as many connections as it takes, each event once. Ends when you leave the loop.

    `since` is the last event that is known, 0 for all that are kept; without it, what is to come. A `GAP`
    says that some were missed: then look at the configuration anew.
    """
    connection = Kakehi(path)
    while True:
        try:
            with connection:
                order = connection.post("SUBSCRIBE_EVENTS", {} if since is None else {"since": since})
                for answer in connection.answers(order):
                    since = answer["data"]["sequence"]
                    yield answer["data"]
        except OSError:
            pass
        connection = _connect_again(path, retry)


def _connect_again(path, retry):
    while True:
        try:
            return Kakehi(path)
        except OSError:
            time.sleep(retry)
