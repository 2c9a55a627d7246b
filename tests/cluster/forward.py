"""Doors from the machine into a node: sockets that were opened outside and are served inside."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Door:
    """A listening socket, by its number in this process, and where its connections lead."""

    name: str
    descriptor: int
    address: str
    port: int


def serve(doors: Sequence[Door]) -> None:
    """Carry connections of all doors for ever."""
    threads = [threading.Thread(target=_accept, args=(door,)) for door in doors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _accept(door: Door) -> None:
    with socket.socket(fileno=door.descriptor) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_carry, args=(client, door), daemon=True).start()


def _carry(client: socket.socket, door: Door) -> None:
    with client:
        try:
            target = socket.create_connection((door.address, door.port))
        except OSError:  # nobody listens there yet: the client sees its connection closed
            return
        with target:
            back = threading.Thread(target=_pump, args=(target, client), daemon=True)
            back.start()
            _pump(client, target)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy until the source ends; then no more is coming for the sink either."""
    with suppress(OSError):
        while content := source.recv(65536):
            sink.sendall(content)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
