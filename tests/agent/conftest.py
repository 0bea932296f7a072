from __future__ import annotations

from tests.stores import s3, store, wire

__all__ = ["s3", "store", "wire"]
