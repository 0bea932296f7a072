"""What runs lend to the pages of incidents: their sentences for what a timeline has as evidence."""

from __future__ import annotations

from incidents.evidence import speaks
from runbooks.sentences import say

speaks("run", say)
