"""The layers in the metadata of a graph."""

from collections.abc import Iterator

import onnx
import pytest

from brushwork.export import layers
from brushwork.model_folder import REGIONS, STATISTICS, TRANSFER, ModelFolder
from brushwork.runtime.compiled import core
from brushwork.runtime.layers import Layer, layers_of, outputs_of


@pytest.fixture(params=[TRANSFER, STATISTICS, REGIONS])
def graph(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def folders(table: ModelFolder, predicted: ModelFolder) -> Iterator[tuple[ModelFolder, int]]:
    """Two model folders, and how many of their encoder's three layers have an instance norm."""
    yield table, 0
    yield predicted, 3


def test_the_layers_are_those_of_the_paper(
    table_folder: ModelFolder, predicted_folder: ModelFolder, graph: str
) -> None:
    for folder, encoder in folders(table_folder, predicted_folder):
        found = layers.read(onnx.load(folder.path / graph, load_external_data=False))
        residual = [f"transfer.residual.{block}.conv{number}" for block in range(5) for number in (1, 2)]
        around = [[f"transfer.{part}.{number}.conv" for number in range(3)] for part in ("contract", "expand")]
        assert [layer.name for layer in found] == [*around[0], *residual, *around[1]]
        assert [layer.channels for layer in found] == [8, 16, *[32] * 11, 16, 8, 3]
        assert [layer.scale for layer in found] == [1, 2, *[4] * 11, 2, 1, 1]
        assert [layer.enlarged for layer in found] == [*[1] * 13, 2, 2, 1]
        assert sum(layer.normalised is not None for layer in found) == encoder + 13
        assert [bool(layer.affine and layer.gamma) for layer in found] == [*[False] * 3, *[True] * 13]


def test_every_name_in_the_metadata_is_a_tensor_of_the_graph(
    table_folder: ModelFolder, predicted_folder: ModelFolder, graph: str
) -> None:
    """In the graph as OpenVINO reads it: the norms' answers too, though the optimiser may later fuse them."""

    def names(layer: Layer) -> list[str | None]:
        always = [layer.features, layer.padded, layer.raw, layer.normalised, layer.gamma]
        return always if graph == REGIONS else [*always, layer.affine]

    for folder, _ in folders(table_folder, predicted_folder):
        model = core().read_model(str(folder.path / graph))
        known, found = outputs_of(model), layers_of(model)
        assert {name for layer in found for name in names(layer) if name} <= known.keys()
        for layer in found:
            assert known[layer.raw].partial_shape[1].get_length() == layer.channels
            operator = known[layer.padded].get_node().get_type_name()
            assert operator == "Pad"
