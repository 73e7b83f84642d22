"""Data augmentation that renders training pictures in random styles."""

from brushwork.augment.augmentation import StyleAugmentation

__all__ = ["StyleAugmentation"]
