"""The style transfer network: published sizes, order of parameters, norms of its encoder."""

import pytest
import torch
from torch import nn

from brushwork.networks import ConditionalInstanceNorm2d, StyleTransferNetwork
from brushwork.networks.transfer import ContractLayer, EncoderNorm


def test_the_network_has_the_published_sizes() -> None:
    network = StyleTransferNetwork()
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert sum(module.weight.numel() for module in convolutions) == 1_674_432
    assert all(module.bias is None and module.padding_mode == "reflect" for module in convolutions)
    assert network.style_parameters(torch.zeros(3, 100)).shape == (3, 2758)
    assert StyleTransferNetwork(width=0.25).style_parameters(torch.zeros(1, 100)).shape == (1, 694)


def test_style_parameters_are_in_layer_order_with_beta_before_gamma() -> None:
    network = StyleTransferNetwork(embedding_size=1, bias=False)
    norms = [
        *(norm for block in network.residual for norm in (block.norm1, block.norm2)),
        *(layer.norm for layer in network.expand),
    ]
    assert len(norms) == 13
    expected = []
    for index, norm in enumerate(norms):
        assert isinstance(norm, ConditionalInstanceNorm2d)
        with torch.no_grad():
            norm.affine.weight[: norm.channels] = index
            norm.affine.weight[norm.channels :] = -index
        expected += [index] * norm.channels + [-index] * norm.channels
    assert network.style_parameters(torch.ones(1, 1))[0].tolist() == expected


@pytest.mark.parametrize("size", [(16, 16), (17, 30), (31, 64), (50, 19)])
def test_the_pastiche_has_the_size_of_the_content(size: tuple[int, int]) -> None:
    network = StyleTransferNetwork(width=0.125).eval()
    pastiche = network(torch.rand(1, 3, *size), torch.rand(1, 100))
    assert pastiche.shape == (1, 3, *size)
    assert pastiche.min() >= 0 and pastiche.max() <= 1


def test_each_encoder_norm_has_its_layers() -> None:
    norms: dict[EncoderNorm, type[nn.Module]]
    norms = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "folded": nn.Identity}
    for kind, norm in norms.items():
        network = StyleTransferNetwork(width=0.125, encoder_norm=kind)
        assert all(isinstance(layer.norm, norm) for layer in network.contract)
        assert all((layer.get_submodule("conv").bias is not None) == (kind == "folded") for layer in network.contract)
    with pytest.raises(ValueError, match="batch, instance, folded"):
        StyleTransferNetwork(encoder_norm="layer")  # type: ignore[arg-type]


def test_batch_norm_of_the_encoder_trains_beta_and_has_no_gamma() -> None:
    norm = StyleTransferNetwork(width=0.125).contract[0].norm
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.bias.requires_grad and not norm.weight.requires_grad
    assert (norm.weight == 1).all()


def test_statistics_of_the_encoder_are_updated_by_their_momentum() -> None:
    network = StyleTransferNetwork(norm_momentum=0.25).train()
    first = network.contract[0]
    assert isinstance(first, ContractLayer) and isinstance(first.norm, nn.BatchNorm2d)
    content = torch.rand(2, 3, 16, 16)
    network(content, torch.rand(2, 100))
    expected = 0.25 * first.conv(content).mean(dim=(0, 2, 3))
    assert first.norm.running_mean is not None
    assert torch.allclose(first.norm.running_mean, expected, atol=1e-5)


def test_no_activation_follows_the_last_norm_but_the_sigmoid() -> None:
    """With gamma 0 and beta b everywhere a pastiche is sigmoid(b): no activation follows the last norm but it."""
    network = StyleTransferNetwork(embedding_size=1, width=0.125, bias=False).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, ConditionalInstanceNorm2d):
                module.affine.weight.fill_(0.0)
                module.affine.weight[: module.channels] = -2.0
    pastiche = network(torch.rand(1, 3, 16, 16), torch.ones(1, 1))
    torch.testing.assert_close(pastiche, torch.full_like(pastiche, torch.tensor(-2.0).sigmoid().item()))


def test_gradients_reach_content_and_embedding() -> None:
    network = StyleTransferNetwork(width=0.125)
    content, embedding = torch.rand(1, 3, 16, 16, requires_grad=True), torch.rand(1, 100, requires_grad=True)
    network(content, embedding).square().sum().backward()
    assert content.grad is not None and content.grad.abs().sum() > 0
    assert embedding.grad is not None and embedding.grad.abs().sum() > 0
