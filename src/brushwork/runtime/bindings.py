"""OpenVINO's Python bindings, imported without their converter of models.

Nothing here needs the converter, and its import takes 0.35 of 0.8 s. It also brings a module along that
reports the import over the network from a forked process: a fork while other threads compute can freeze both.
"""

import sys
from typing import Any

_modules: dict[str, Any] = sys.modules
_CONVERTER = "openvino.tools.ovc"
_absent = _CONVERTER not in _modules
if _absent:
    _modules[_CONVERTER] = None  # which Python takes as: there is none
import openvino as ov  # noqa: E402
from openvino import opset13 as ops  # noqa: E402
from openvino.passes import ConstantFolding, Manager  # noqa: E402

if _absent:
    del _modules[_CONVERTER]

__all__ = ["ConstantFolding", "Manager", "ops", "ov"]
