"""What a bag or a bundle holds, and what it lacks."""

from seg_perception.inspection.bag import BagInspection, inspect_bag, suggest_config
from seg_perception.inspection.bundle import BundleInspection, inspect_bundle, is_bundle

__all__ = [
    "BagInspection",
    "BundleInspection",
    "inspect_bag",
    "inspect_bundle",
    "is_bundle",
    "suggest_config",
]
