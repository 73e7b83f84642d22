"""Devices of torch."""

from collections.abc import Sequence

import torch

from brushwork.errors import UserError, unknown

DEVICES = ("cpu", "cuda", "mps")


def find_device(name: str, auto: Sequence[str] = ("cuda", "mps")) -> str:
    """Return the name of an available torch device.

    Args:
        name: ``auto``, or one of `DEVICES`.
        auto: Devices that ``auto`` prefers to the CPU, best first.

    Raises:
        UserError: If the name is unknown or the device is not available.
    """
    if name not in ("auto", *DEVICES):
        raise UserError(unknown("device", name, ("auto", *DEVICES)))
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next((device for device in auto if here[device]), "cpu")
    if not here[name]:
        raise UserError(f"torch finds no device {name!r}; use --device cpu")
    return name
