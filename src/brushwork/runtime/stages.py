"""A style transfer graph cut where its instance norms are, so that a picture goes through it layer by layer.

The graphs are cut in memory: a model folder needs no file for them.
"""

from pathlib import Path
from typing import Any

import numpy as np

from brushwork.runtime import CONDITIONAL, RESIDUAL
from brushwork.runtime.bindings import ops, ov
from brushwork.runtime.layers import layers_of, outputs_of


class StageGraphs:
    """The stages of one graph, which says itself what its layers are.

    Stage i ends where norm i begins, at the *raw* features that are to be measured. The first of a residual block give
    the block's *features* as well. Those at a quarter of the picture's size are kept between the stages: all stages of
    the encoder begin at the content, and those that expand begin after the last residual block.
    """

    def __init__(self, core: ov.Core, path: Path) -> None:
        self._core = core
        self._path = path
        self._norms = [layer for layer in layers_of(core.read_model(str(path))) if layer.normalised]
        self.channels = [layer.channels for layer in self._norms]

    def cut(self, stage: int) -> ov.Model:
        """The graph of a stage; its inputs and answers have names."""
        model = self._core.read_model(str(self._path))
        outputs = outputs_of(model)
        raws = [outputs[layer.raw] for layer in self._norms]
        entering = [outputs[layer.features] for layer in self._norms]
        encoder = len(raws) - CONDITIONAL
        inputs = list(model.get_parameters())
        answers = {"raw": raws[stage]}
        block = stage - encoder
        if block >= 0 and block % 2 == 0 and block < RESIDUAL:
            answers["features"] = entering[stage]
        results = []
        for name, output in answers.items():
            results.append(ops.result(output))
            output.get_tensor().set_names({name})
        if block > 0:
            last = min(stage - 1, encoder + RESIDUAL - 1)
            inputs.append(_enter(raws[last], "raw_in"))
            if block % 2 == 0 or block >= RESIDUAL:
                inputs.append(_enter(entering[encoder + (last - encoder) // 2 * 2], "features_in"))
        needed = _reached(results)
        return ov.Model(results, [node for node in inputs if node.get_friendly_name() in needed], f"stage {stage}")


def _enter(output: Any, name: str) -> Any:
    """An input in the place of what a graph computes there."""
    parameter = ops.parameter([-1, _depth(output), -1, -1], dtype=np.float32, name=name)
    parameter.output(0).get_tensor().set_names({name})
    for user in output.get_target_inputs():
        user.replace_source_output(parameter.output(0))
    return parameter


def _depth(output: Any) -> int:
    return int(output.get_partial_shape()[1].get_length())


def _reached(results: list[Any]) -> set[str]:
    """Names of all nodes that results need."""
    waiting, seen = [result.input_value(0).get_node() for result in results], set()
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() not in seen:
            seen.add(node.get_friendly_name())
            waiting += [node.input_value(index).get_node() for index in range(node.get_input_size())]
    return seen
