"""What a cluster's answer means to the caller: ask again, or do not."""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster said no, in its own words, and would say no again."""


class NotFound(ClusterError):
    """There is no such object."""


class Forbidden(ClusterError):
    """The account may not do this."""


class Conflict(ClusterError):
    """The object is not as the caller believed: it was changed, or it exists already and is another's."""


class Refused(ClusterError):
    """The request itself is not accepted: a policy, a quota, a value that cannot be."""


class Unreachable(ClusterError):
    """No answer, or none in time. What was asked may have happened: read before asking again."""
