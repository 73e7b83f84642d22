"""Runs a network with torch: on NVIDIA and Apple GPUs, and on the CPU for comparison (extra ``torch``)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from brushwork.errors import UserError
from brushwork.networks import PasticheNetwork
from brushwork.networks.deep import deepen
from brushwork.networks.transfer import StyleTransferNetwork
from brushwork.runtime import MEASURED, Array, NormInputs, Stage
from brushwork.runtime.devices import find_device

PRECISIONS = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class TorchRuntime:
    """A network on a device, in channels-last memory.

    Args:
        network: The network, which is moved to the device.
        device: ``cuda``, ``mps`` or ``cpu``.
        precision: Precision of the style transfer network: ``auto``, ``f32``, ``bf16`` or ``f16``; auto is f16 on CUDA
            and f32 elsewhere. The predictor always runs in f32.
        threads: Number of CPU threads; None for torch's default.

    Raises:
        UserError: If the device or precision is not available.
    """

    streams = False

    def __init__(
        self, network: PasticheNetwork, *, device: str = "cpu", precision: str = "auto", threads: int | None = None
    ) -> None:
        device = find_device(device)
        if threads is not None:
            torch.set_num_threads(threads)
        self.precision = ("f16" if device == "cuda" else "f32") if precision == "auto" else precision
        if self.precision not in PRECISIONS:
            raise UserError(f"{self.precision} is only available on CPUs; on {device} use --precision auto")
        self.device = torch.device(device)
        self.dtype = PRECISIONS[self.precision]
        self.network = network.eval().to(self.device)
        self._deep: StyleTransferNetwork | None = None
        self.network.transfer.to(self.dtype)  # not the predictor: half precision shifts embeddings by 6 to 10 %
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs

    def _images(self, pixels: Array, dtype: torch.dtype | None = None) -> Tensor:
        """Convert NumPy images (B, H, W, 3) to torch's (B, 3, H, W). The permuted view *is* channels-last memory."""
        return torch.from_numpy(np.ascontiguousarray(pixels)).to(self.device, dtype or self.dtype).permute(0, 3, 1, 2)

    @torch.inference_mode()
    def predict(self, style: Array) -> Array:
        """See `Runtime.predict`."""
        embedding: Array = self.network.embed(self._images(style, torch.float32)).cpu().numpy()
        return embedding

    @torch.inference_mode()
    def transfer(self, content: Array, embedding: Array) -> Array:
        """See `Runtime.transfer`."""
        condition = torch.from_numpy(embedding).to(self.device, self.dtype)
        return _pixels(self._taking(embedding)(self._images(content), condition))

    def _taking(self, embedding: Array) -> StyleTransferNetwork:
        """Return the network for embeddings (..., D) of this length; deep styles need another than plain ones."""
        if embedding.shape[-1] == self.network.config.embedding_size:
            return self.network.transfer
        if self._deep is None:
            self._deep = deepen(self.network.transfer).eval()
        return self._deep

    @torch.inference_mode()
    def transfer_with_statistics(
        self, content: Array, embedding: Array, norms: NormInputs = MEASURED
    ) -> tuple[Array, Array]:
        """See `Runtime.transfer_with_statistics`."""
        statistics, hold = norms.held(len(content), self.network.transfer.statistics_size)
        # Statistics stay float32: in float16, a variance could overflow and a moving average would not advance.
        condition = torch.from_numpy(embedding).to(self.device, self.dtype)
        pastiche, used = self._taking(embedding).forward_held(
            self._images(content),
            condition,
            torch.from_numpy(statistics).to(self.device),
            torch.from_numpy(hold).to(self.device),
            None if norms.masks is None else self._images(norms.masks),
            None if norms.visible is None else torch.from_numpy(norms.visible).to(self.device),
        )
        return _pixels(pastiche), used.cpu().numpy()

    def expect(self, height: int, width: int, together: int = 1) -> None:
        """Do nothing; here all sizes are equally fast. See `Runtime.expect`."""

    def norms(self, masked: bool) -> Sequence[int]:
        """Raise `UserError`: this runtime cannot run layer by layer. See `Runtime.norms`."""
        raise UserError("exact tiles need OpenVINO; use --device cpu or --tile fast")

    def open_stage(self, stage: int, masked: bool) -> Stage:
        """See `norms`."""
        raise UserError("exact tiles need OpenVINO; use --device cpu or --tile fast")


def _pixels(pastiche: Tensor) -> Array:
    """Convert torch images (B, 3, H, W) to NumPy's (B, H, W, 3)."""
    pixels: Array = pastiche.permute(0, 2, 3, 1).float().cpu().numpy()
    return np.ascontiguousarray(pixels)
