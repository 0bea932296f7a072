"""The note that a pause leaves on what it paused: who, why, until when, as annotations that people can read."""

from __future__ import annotations

from collections.abc import Mapping

PAUSED = "aftermath.dev/paused-"
WAS = f"{PAUSED}was"  # what was there before, in JSON, so that exactly that can be put back
FLUX = ("kustomize.toolkit.fluxcd.io/reconcile", "disabled")  # on the object that Flux is to leave alone


def as_annotations(note: Mapping[str, str]) -> dict[str, str]:
    """A note's `run`, `by`, `why`, `until`, each under its annotation."""
    return {f"{PAUSED}{word}": said for word, said in note.items()}


def ours(annotations: Mapping[str, str]) -> list[str]:
    """The names of the annotations that are of such a note."""
    return sorted(name for name in annotations if name.startswith(PAUSED))
