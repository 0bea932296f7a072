"""Where the program keeps its own things: under `var/`, made at the first start, readable by their owner alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from config.env import BadSetting

# The address of a unix socket is at most 108 bytes on Linux and 104 on macOS, the closing zero among them.
LONGEST_SOCKET = 103


def own_secret(var: Path) -> str:
    """
    A key made once and kept in `var/secret-key`. Of several processes that make one at the same time, one wins.

    :raises BadSetting: the directory cannot be written.
    """
    path = var / "secret-key"
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            mine = path.with_suffix(f".{os.getpid()}")
            mine.touch(mode=0o600)
            mine.write_text(secrets.token_urlsafe(50))
            with contextlib.suppress(FileExistsError):
                os.link(mine, path)
            mine.unlink()
        return path.read_text()
    except OSError as e:
        raise BadSetting(
            f"{e.filename or var} cannot be used ({e.strerror}): "
            "let AFTERMATH_VAR name a directory that you may write, or make this one writable."
        ) from e


def redis_directory(var: Path) -> Path:
    """
    Where the program's own Redis keeps its socket: under `var/`, or, where that path is too long for a socket,
    in a directory of this user's whose name follows from the path of `var/`.
    """
    here = var / "redis"
    if len(os.fsencode(here / "redis.sock")) <= LONGEST_SOCKET:
        return here
    name = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"aftermath-{os.getuid()}-{name}"


def private_directory(path: Path) -> Path:
    """
    Make a directory that only this user may enter, or see that it is one. In a shared place another user could have
    been first, so what is there is not trusted.

    :raises BadSetting: something else is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not path.is_dir() or path.is_symlink() or found.st_uid != os.getuid():
        raise BadSetting(f"{path} is not a directory of your own: remove it, or let AFTERMATH_VAR name another place.")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path
