"""Random styles as data augmentation: pictures of training batches rendered in styles drawn at random."""

from brushwork.augment.augmentation import StyleAugmentation

__all__ = ["StyleAugmentation"]
