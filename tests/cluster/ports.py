"""Free ports of 127.0.0.1 that stay ours until the program they are for listens on them."""

from __future__ import annotations

import socket
from types import TracebackType


class Reservation:
    """So many free ports, kept from all others by bound sockets that never listen.

    SO_REUSEADDR, set after binding, lets the program that was given the port bind it beside us (Go's listeners set it
    too), while the kernel gives it to nobody who asks for any free port.
    """

    def __init__(self, count: int) -> None:
        self._sockets = [socket.socket() for _ in range(count)]
        for reserved in self._sockets:
            reserved.bind(("127.0.0.1", 0))
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.ports: list[int] = [reserved.getsockname()[1] for reserved in self._sockets]

    def __enter__(self) -> list[int]:
        return self.ports

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reserved in self._sockets:
            reserved.close()
