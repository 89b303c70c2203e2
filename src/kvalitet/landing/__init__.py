"""The landing store: delivered files as they came, compressed and encrypted, kept for the agreed time."""

from kvalitet.landing.keys import make_keys
from kvalitet.landing.store import Landed, Store

__all__ = ["Landed", "Store", "make_keys"]
