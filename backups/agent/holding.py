"""The verb `hold`: it keeps its place, so that a person can work in the pod beside the files, and ends by itself."""

from __future__ import annotations

import signal
import time

from backups.agent.speak import Speaker
from backups.agent.values import Held, HoldSpec

EVERY = 3.0  # seconds between two lines of progress
END = frozenset({signal.SIGTERM})


def hold(spec: HoldSpec, speaker: Speaker) -> Held:
    """Nothing is read and nothing is written. Asked to end early, it ends well: that is how a person closes it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, END)  # it is waited for, and interrupts nothing
    begun = time.monotonic()
    end, early = begun + spec.seconds, False
    while not early and (left := end - time.monotonic()) > 0:
        speaker.left("hold", round(left))
        early = signal.sigtimedwait(END, min(left, EVERY)) is not None
    return Held(seconds=round(time.monotonic() - begun), early=early)
