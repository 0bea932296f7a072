"""What the sweeps lend to lower layers."""

from __future__ import annotations

from backups.claims import sees
from health.queries import known_claims

sees(known_claims)
