"""A fictional municipality's deliveries beside real published figures; deterministic by seed, any size."""

from kvalitet.sample.deliver import generate
from kvalitet.sample.snapshots import CORRUPTIONS

__all__ = ["CORRUPTIONS", "generate"]
