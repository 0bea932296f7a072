"""An API server whose answer to one change gets lost: what was asked has happened, and nobody said so."""

from __future__ import annotations

from cluster.errors import Unreachable
from cluster.kubernetes import Api


class Losing(Api):
    """Loses the answer to the change number `nth`; `before` says whether it is lost on its way there instead."""

    def __init__(self, api: Api, nth: int, *, before: bool = False) -> None:
        self.client, self.nth, self.before, self.count = api.client, nth, before, 0

    def ask(self, method, path, query, body=None, kind="application/json"):
        real = method != "GET" and "dryRun" not in query and "selfsubjectaccessreviews" not in path
        self.count += real
        lost = real and self.count == self.nth
        if lost and self.before:
            raise Unreachable("lost on the way there")
        answer = super().ask(method, path, query, body, kind)
        if lost:
            raise Unreachable("lost on the way back")
        return answer


def losing_each(api, act, undo=lambda: None):
    """
    Do `act` with the answer to each of its changes lost in turn, on either way, and then again as the engine would.
    Yields after each, for the caller to look, and then takes it back with `undo`.
    """
    for before in (False, True):
        nth = 1
        while True:
            lossy = Losing(api, nth, before=before)
            try:
                act(lossy)
            except Unreachable:
                act(api)
                yield
                undo()
                nth += 1
                continue
            assert nth > 1, "nothing was changed, so nothing could be lost"
            undo()
            break
