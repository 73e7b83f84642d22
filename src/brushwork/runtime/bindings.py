"""Imports OpenVINO's Python bindings without their model converter.

brushwork does not need the converter, whose import takes 0.35 of 0.8 s. It also imports a module that reports the
import over the network from a forked process: forking while other threads compute can freeze both processes.
"""

import sys
from typing import Any

_modules: dict[str, Any] = sys.modules
_CONVERTER = "openvino.tools.ovc"
_absent = _CONVERTER not in _modules
if _absent:
    _modules[_CONVERTER] = None  # makes importing it fail
import openvino as ov  # noqa: E402
from openvino import opset13 as ops  # noqa: E402
from openvino.passes import ConstantFolding, Manager  # noqa: E402

if _absent:
    del _modules[_CONVERTER]

__all__ = ["ConstantFolding", "Manager", "ops", "ov"]
