"""
The claims that the cluster had when it was last looked at. A layer above looks, and lends its eyes here when the
program starts: `sees(health.queries.known_claims)`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches

from cluster.api import ClaimRef

Eyes = Callable[[str], Collection[ClaimRef] | None]
EYES: list[Eyes] = []
MOST = 3  # names that are told
LIKE = 0.6  # of 1, how much of two names must be the same


def sees(eyes: Eyes) -> None:
    """`eyes` tells every claim there is; None where nobody can tell of those in the namespace, or no longer."""
    EYES[:] = [eyes]


def known(namespace: str) -> Collection[ClaimRef] | None:
    """Every claim of the cluster; None: unknown, which is not none."""
    return EYES[0](namespace) if EYES else None


def near(claim: ClaimRef, there: Collection[ClaimRef]) -> list[str]:
    """Those that may have been meant, the likeliest first: of the same name elsewhere, or of one that is like it."""
    same = sorted(str(each) for each in there if each.name == claim.name)
    like = get_close_matches(str(claim), [str(each) for each in there], n=MOST, cutoff=LIKE)
    return list(dict.fromkeys([*same, *like]))[:MOST]
