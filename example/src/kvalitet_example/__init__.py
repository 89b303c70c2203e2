"""A fictional municipality's deliveries beside real published figures, deterministic by seed and of any size."""

from kvalitet_example.defects import Defect
from kvalitet_example.deliver import generate, generate_earlier, next_night
from kvalitet_example.snapshots import CORRUPTIONS
from kvalitet_example.truth import Truth, truth

__all__ = ["CORRUPTIONS", "Defect", "Truth", "generate", "generate_earlier", "next_night", "truth"]
