"""The backbones of the style prediction network: published sizes, names and constants."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from brushwork.networks import StylePredictionNetwork
from brushwork.networks.backbones import InceptionV3, MobileNetV2, build_backbone, load_pretrained


def convolution_weights(network: nn.Module) -> int:
    return sum(module.weight.numel() for module in network.modules() if isinstance(module, nn.Conv2d))


def test_inception_has_the_published_size_and_torchvision_s_names() -> None:
    network = InceptionV3()
    assert convolution_weights(network) == 8_947_040
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    for key, shape in {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_4a_3x3.bn.running_var": (192,),
        "Mixed_5b.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_5d.branch3x3dbl_3.conv.weight": (96, 96, 3, 3),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6c.branch7x7_2.conv.weight": (160, 160, 1, 7),
        "Mixed_6e.branch7x7dbl_5.conv.weight": (192, 192, 1, 7),
        "Mixed_6e.branch_pool.bn.bias": (192,),
    }.items():
        assert shapes[key] == shape


def test_backbones_have_the_stated_strides_and_channels() -> None:
    assert InceptionV3().eval()(torch.rand(1, 3, 299, 299)).shape == (1, 768, 17, 17)
    assert MobileNetV2().eval()(torch.rand(1, 3, 224, 192)).shape == (1, 1280, 7, 6)
    assert MobileNetV2(padding="tensorflow").eval()(torch.rand(1, 3, 224, 192)).shape == (1, 1280, 7, 6)


def test_mobilenet_has_the_published_size_and_torchvision_s_names() -> None:
    network = MobileNetV2()
    # 3,504,872 parameters of the published classifier less its 1,281,000 in the last layer.
    assert sum(parameter.numel() for parameter in network.parameters()) == 3_504_872 - 1_281_000
    keys = network.state_dict()
    assert {
        "features.0.0.weight",
        "features.1.conv.1.weight",
        "features.2.conv.1.0.weight",
        "features.18.1.bias",
    } <= set(keys)


def test_average_pools_count_padding_or_not() -> None:
    """Of ones under zero padding a corner's mean is 4/9 or 1."""
    for count_padding, mean in ((True, 4 / 9), (False, 1)):
        block = InceptionV3(count_padding=count_padding).get_submodule("Mixed_5b")
        seen: list[torch.Tensor] = []
        pool = block.get_submodule("branch_pool")
        pool.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
        block(torch.ones(1, 192, 5, 5))
        assert seen[0][0, 0, 0, 0].item() == pytest.approx(mean)


def test_batch_norms_use_their_momentum_and_train_gamma_only_on_request() -> None:
    published = InceptionV3(norm_momentum=0.0003, norm_scale=False)
    norms = [module for module in published.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 5 + 3 * 7 + 4 + 4 * 10  # the stem, and blocks a, b and c
    assert {norm.momentum for norm in norms} == {0.0003}
    assert not any(norm.weight.requires_grad for norm in norms) and all(norm.bias.requires_grad for norm in norms)
    usual = [module for module in InceptionV3().modules() if isinstance(module, nn.BatchNorm2d)]
    assert {norm.momentum for norm in usual} == {0.01} and all(norm.weight.requires_grad for norm in usual)


def test_relu6_clips_at_six() -> None:
    for activation, largest in (("relu6", 6.0), ("relu", 1000.0)):
        layer = build_backbone("inception_v3", activation=activation).get_submodule("Conv2d_1a_3x3")
        with torch.no_grad():
            layer.get_parameter("bn.bias").fill_(1000.0)
        assert layer.eval()(torch.zeros(1, 3, 9, 9)).max().item() == largest


def test_pixels_are_scaled_as_the_weights_expect() -> None:
    ones = torch.ones(1, 3, 2, 2)
    assert MobileNetV2(pixels="unit").standardise(ones).tolist() == ones.tolist()
    assert MobileNetV2(pixels="signed").standardise(0 * ones).tolist() == (-ones).tolist()
    red = MobileNetV2(pixels="imagenet").standardise(ones)[0, 0, 0, 0].item()
    assert red == pytest.approx((1 - 0.485) / 0.229)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_published_state_dict_loads_without_its_classifier(tmp_path: Path, suffix: str) -> None:
    trained, fresh = MobileNetV2(), MobileNetV2()
    state = {key: torch.randn(value.shape) for key, value in trained.state_dict().items() if value.is_floating_point()}
    state["classifier.1.weight"] = torch.zeros(1000, 1280)
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    load_pretrained(fresh, path)
    assert all(torch.equal(value, state[key]) for key, value in fresh.state_dict().items() if key in state)


def test_a_state_dict_that_does_not_fit_names_the_tensors(tmp_path: Path) -> None:
    state = {key: value for key, value in MobileNetV2().state_dict().items() if value.is_floating_point()}
    del state["features.0.0.weight"]
    state["features.0.1.bias"] = torch.zeros(7)
    save_file(state, tmp_path / "weights.safetensors")
    with pytest.raises(
        ValueError, match=r"missing features\.0\.0\.weight; features\.0\.1\.bias is \(7,\), not \(32,\)"
    ):
        load_pretrained(MobileNetV2(), tmp_path / "weights.safetensors")


def test_an_unknown_backbone_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="inception_v3, mobilenet_v2"):
        build_backbone("vgg")


def test_the_prediction_is_an_affine_map_of_the_mean_features() -> None:
    network = StylePredictionNetwork(MobileNetV2(), embedding_size=7).eval()
    style = torch.rand(2, 3, 64, 96)
    mean = network.backbone(style).mean(dim=(2, 3))
    expected = mean @ network.bottleneck.weight.T + network.bottleneck.bias
    torch.testing.assert_close(network(style), expected)
    assert network(style).shape == (2, 7)
