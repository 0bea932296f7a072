"""Programs started by us, which end when we end, however we end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

PR_SET_PDEATHSIG = 1


def _prctl() -> Callable[..., int] | None:
    """Looked up once, before any fork: nothing may be loaded between a fork and an exec."""
    if not sys.platform.startswith("linux"):
        return None
    function: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    return function


PRCTL = _prctl()


def die_with(parent: int) -> Callable[[], None]:
    """What a child does first, on Linux: ask to be killed with `parent`, and leave if that is gone already."""

    def ask() -> None:
        if PRCTL is not None:
            PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return ask


def start(
    command: Sequence[str],
    *,
    stdin: int | IO[Any] | None = subprocess.DEVNULL,
    stdout: int | IO[Any] | None = subprocess.DEVNULL,
    stderr: int | IO[Any] | None = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """
    Start `command`; the kernel kills it when the *thread* that called this ends. `keep` are descriptors that it
    inherits, such as a lock that must last as long as the child may still write.
    """
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=None if env is None else dict(env),
        cwd=cwd,
        pass_fds=tuple(keep),
        bufsize=0,
        preexec_fn=die_with(os.getpid()),
    )


def stop(child: subprocess.Popen[bytes], *, grace: float = 0.0) -> None:
    """Make sure that `child` has ended: asked first if there is a grace (seconds), then killed. Done twice is once."""
    if child.poll() is None and grace > 0:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    if child.poll() is None:
        child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
