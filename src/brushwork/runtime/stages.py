"""Cuts a style transfer graph at its instance norms, which allows running it layer by layer.

The graphs are cut in memory; a model folder has no files for them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from brushwork.errors import UserError
from brushwork.runtime import CONDITIONAL, RESIDUAL, Array, Stage
from brushwork.runtime.bindings import ops, ov
from brushwork.runtime.layers import layers_of, outputs_of

KEPT = {"raw", "features"}  # outputs of stages


class StageGraphs:
    """The stages of a graph whose metadata names its layers.

    Stage i ends before norm i, at the *raw* features to be measured. The first stage of a residual block also returns
    the block's input, its *features*. Only features at a quarter of the picture's size are stored between stages: all
    stages of the encoder begin at the content, and the upsampling stages after the last residual block.
    """

    def __init__(self, read: Callable[[], ov.Model]) -> None:
        self._read = read
        self._norms = [layer for layer in layers_of(read()) if layer.normalised]
        self.channels = [layer.channels for layer in self._norms]

    def cut(self, stage: int) -> ov.Model:
        """Return the graph of a stage, with named inputs and outputs."""
        model = self._read()
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
    """Replace an output of a graph by an input, and return the input."""
    parameter = ops.parameter([-1, _depth(output), -1, -1], dtype=np.float32, name=name)
    parameter.output(0).get_tensor().set_names({name})
    for user in output.get_target_inputs():
        user.replace_source_output(parameter.output(0))
    return parameter


def _depth(output: Any) -> int:
    return int(output.get_partial_shape()[1].get_length())


def _reached(results: list[Any]) -> set[str]:
    """Return the names of all nodes that the results depend on."""
    waiting, seen = [result.input_value(0).get_node() for result in results], set()
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() not in seen:
            seen.add(node.get_friendly_name())
            waiting += [node.input_value(index).get_node() for index in range(node.get_input_size())]
    return seen


def run_stage(compiled: Any) -> Stage:
    """Return a function that runs a compiled stage."""
    request = compiled.create_infer_request()
    taken = {name.removesuffix("_in"): name for port in compiled.inputs for name in port.get_names()}
    # A stage takes the statistics of the previous layers; the first stages have none.
    hold = {"hold": np.ones(1, np.float32)} if "hold" in taken else {}

    def run(given: Mapping[str, Array]) -> Mapping[str, Array]:
        try:
            answer = request.infer({taken[key]: given[key] for key in taken if key != "hold"} | hold)
        except RuntimeError as error:
            raise UserError(f"OpenVINO failed on a tile; try --tile-size ({str(error).splitlines()[-1]})") from error
        return {name: array for port, array in answer.items() for name in port.get_names() if name in KEPT}

    return run
