"""The port of the web, taken before anything is started, and kept open while the web behind it is started again."""

from __future__ import annotations

import errno
import socket

from config.env import CannotStart

LOOPBACK = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """
    A socket on loopback; port 0 is any that is free.

    :raises CannotStart: the port is taken, or is not this user's to take.
    """
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((LOOPBACK, port))
        opened.listen(128)
    except OSError as e:
        opened.close()
        why = "is taken by another program" if e.errno == errno.EADDRINUSE else f"cannot be used ({e.strerror})"
        other = port + 1 if 1024 <= port < 65535 else 8000
        raise CannotStart(f"Port {port} {why}: choose another, as in 'make run PORT={other}'.") from e
    return opened
