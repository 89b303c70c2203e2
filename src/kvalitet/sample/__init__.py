"""A fictional municipality's deliveries beside real published figures, deterministic by seed and of any size."""

from kvalitet.sample.defects import Defect
from kvalitet.sample.deliver import generate, generate_earlier, next_night
from kvalitet.sample.snapshots import CORRUPTIONS
from kvalitet.sample.truth import Truth, truth

__all__ = ["CORRUPTIONS", "Defect", "Truth", "generate", "generate_earlier", "next_night", "truth"]
