"""The detail of a request: another set of weights of the same model, if the model has one."""

from collections.abc import Iterator

import numpy as np
import pytest
from fastapi.testclient import TestClient

from brushwork.errors import UserError
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.details import KEPT, Details
from brushwork.web.api.origins import Names
from brushwork.web.app import build
from tests.web.conftest import RED, Response, encode, pixels

GREY = (100, 100, 100)


class Dimmed(FakeRuntime):
    """Pastiches that are darker with less detail."""

    def __init__(self, detail: float) -> None:
        super().__init__()
        self.detail = detail

    def transfer(self, content: Array, embedding: Array) -> Array:
        return np.float32(self.detail) * super().transfer(content, embedding)


def load(detail: float) -> Stylizer:
    return Stylizer(Dimmed(detail))


@pytest.fixture
def client() -> Iterator[TestClient]:
    usual = load(1)
    app = build(usual, "colours", names=Names.of(["testserver"]), details=Details(usual, 1.0, load), page=False)
    with TestClient(app) as client:
        yield client


def paint(client: TestClient, **fields: str) -> Response:
    files = {"content": encode(GREY), "style": encode(RED)}
    return client.post("/v1/stylize", files=files, data=fields)


@pytest.mark.parametrize(("detail", "level"), [("1", 255), ("0.6", 153), ("0.5", 128), ("0", 0), ("0.04", 0)])
def test_a_request_is_rendered_at_its_own_detail_in_tenths(client: TestClient, detail: str, level: int) -> None:
    assert (pixels(paint(client, detail=detail).content) == (level, 0, 0)).all()


def test_a_request_without_detail_uses_that_of_the_server(client: TestClient) -> None:
    assert (pixels(paint(client).content) == RED).all()


@pytest.mark.parametrize("detail", ["-0.1", "1.1", "much", "nan"])
def test_a_detail_out_of_range_is_refused(client: TestClient, detail: str) -> None:
    assert paint(client, detail=detail).status_code == 400


def test_a_model_with_one_set_of_weights_refuses_detail(client: TestClient) -> None:
    with TestClient(build(load(1), "colours", names=Names.of(["testserver"]), page=False)) as plain:
        refused = paint(plain, detail="0.5")
        assert (refused.status_code, refused.json()["detail"]) == (
            400, "this model has only one set of weights: detail can only be 1",
        )  # fmt: skip
        assert paint(plain, detail="1").status_code == 200


def test_few_details_stay_loaded_and_each_is_loaded_once() -> None:
    loaded: list[float] = []

    def count(detail: float) -> Stylizer:
        loaded.append(detail)
        return load(detail)

    details = Details(load(1), 1.0, count)
    first = details.at(0.2)
    assert details.at(0.21) is first and loaded == [0.2]
    for tenth in range(3, 3 + KEPT):
        details.at(tenth / 10)
    assert details.at(0.2) is not first and loaded.count(0.2) == 2
    with pytest.raises(UserError, match="only one set of weights"):
        Details(load(1)).at(0.5)
