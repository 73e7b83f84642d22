"""The setup of a run: options of backbones, rates of the hidden layer, what is compiled, and the precision on a GPU."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from brushwork.errors import UserError
from brushwork.training import process
from brushwork.training.checkpoints import load_checkpoint, save_checkpoint
from brushwork.training.config import InitConfig, Recipe
from brushwork.training.process import ProcessInfo
from brushwork.training.setup import open_batches, prepare
from brushwork.training.train import batch_loss, train
from tests.conftest import shaken

CPU = ProcessInfo("cpu")


def test_the_rate_of_each_map_by_its_fan_in(recipe: Recipe) -> None:
    """The hidden layer's second map reads 16 numbers instead of 2768, and moves its output less at the same rate."""
    network = replace(recipe.network, pooling="statistics", hidden=16)
    optimizer = replace(recipe.optimizer, affine=0.04, backbone=0.1, transfer=0.5)
    setup = prepare(replace(recipe, network=network, optimizer=optimizer), None, CPU)
    names = {parameter: name for name, parameter in setup.network.named_parameters()}
    found = {names[each]: group["share"] for group in setup.optimizer.param_groups for each in group["params"]}
    assert found.keys() == set(names.values())
    assert {share for name, share in found.items() if name.startswith("transfer.")} == {0.5}
    assert {share for name, share in found.items() if name.startswith("predictor.backbone.")} == {0.1}
    maps = {name: share for name, share in found.items() if name.startswith(("predictor.b", "predictor.h"))}
    assert {name: share for name, share in maps.items() if ".backbone." not in name} == {
        "predictor.bottleneck.weight": 0.04,
        "predictor.bottleneck.bias": 0.04,
        "predictor.hidden.0.weight": 0.04,
        "predictor.hidden.0.bias": 0.04,
        "predictor.hidden.2.weight": pytest.approx(0.04 * 2768 / 16),
    }


@pytest.mark.parametrize("affine", [0.0, 0.5])
def test_the_hidden_layer_is_trained_and_frozen_with_the_affine_map(
    cached: Recipe, tmp_path: Path, affine: float
) -> None:
    network = shaken(replace(cached.network, hidden=16))
    save_checkpoint(tmp_path / "start.pt", network)
    recipe = replace(
        cached,
        steps=3,
        network=network.config,
        init=InitConfig(str(tmp_path / "start.pt")),
        optimizer=replace(cached.optimizer, affine=affine, weight_decay=0.1),
    )
    list(train(recipe, tmp_path, device="cpu"))
    trained, _ = load_checkpoint(tmp_path)
    assert network.predictor is not None and trained.predictor is not None
    old = network.predictor.state_dict()
    changed = {name for name, value in trained.predictor.state_dict().items() if not torch.equal(value, old[name])}
    maps = {f"bottleneck.{name}" for name in ("weight", "bias")} | {"hidden.0.weight", "hidden.0.bias"}
    assert changed == (maps | {"hidden.2.weight"} if affine else set())


def test_networks_are_compiled_for_each_shape_of_batches_but_not_of_styles(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[nn.Module] = []

    def compile_(call: Any, **options: object) -> Callable[..., Any]:
        assert options == {"dynamic": False}

        def compiled(*arguments: Any, **named: Any) -> Any:
            called.append(call.__self__)
            return call(*arguments, **named)

        return compiled

    monkeypatch.setattr(torch, "compile", compile_)
    setup = prepare(replace(recipe, compile=True), None, CPU)
    with open_batches(recipe, CPU) as batches:
        batch_loss(setup, recipe, batches.batch(0))
    # The loss network for contents and for pastiches; styles, whose sizes differ, are not compiled.
    assert called == [setup.network.predictor, setup.network.transfer, *[setup.loss.features] * 2]


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # torch itself asks for it, and ignores it
def test_compiled_networks_have_the_same_loss(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """As captured by torch; generating code for it would take a minute."""
    plain = torch.compile

    def capture(call: Any, **options: Any) -> Any:
        return plain(call, backend="eager", **options)

    monkeypatch.setattr(torch, "compile", capture)
    recipe = replace(recipe, precision="f32", optimizer=replace(recipe.optimizer, backbone=0.0))
    with open_batches(recipe, CPU) as batches:
        totals = [
            batch_loss(prepare(replace(recipe, compile=compiled), None, CPU), recipe, batches.batch(0))[0]
            for compiled in (False, True)
        ]
    torch.testing.assert_close(*totals)


def test_what_is_not_bfloat16_is_float32_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Convolutions would otherwise round to TF32, with 10 bits after the point."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    monkeypatch.setattr(process, "find_device", lambda device, auto: device)
    process.find_process("cpu")
    assert torch.backends.cudnn.allow_tf32
    assert process.find_process("cuda").device == "cuda:0"
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ({"name": "inception_v3", "activation": "relu_6"}, "relu6"),
        ({"name": "inception_v3", "pixel": "unit"}, "did you mean 'pixels'"),
        (
            {"name": "mobilenet_v2", "activation": "relu6"},
            "option of mobilenet_v2 'activation'; known: pixels, norm, padding",
        ),
        ({"name": "mobilenet_v2", "norm": "none"}, "norm"),
        ({"name": "mobilenet_v2", "padding": "same"}, "padding"),
        ({"name": "mobilenet_v2", "pixels": "byte"}, "pixels"),
        ({"name": "inception_v3", "count_padding": "no"}, "count_padding is 'no', not true or false"),
        ({"name": "inception_v3", "norm_momentum": -1.0}, "norm_momentum is -1.0, not a number from 0 to 1"),
        ({"name": "inception_v3", "norm_scale": 0}, "norm_scale"),
    ],
)
def test_unknown_options_of_a_backbone_are_one_line_errors(
    recipe: Recipe, backbone: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match="network: ") as raised:
        prepare(replace(recipe, network=replace(recipe.network, backbone=backbone)), None, CPU)
    assert message in str(raised.value) and "__init__" not in str(raised.value)
