"""How a studio chooses to paint: at once, or in tiles where memory is short."""

import pytest

from brushwork.batch.options import Options
from brushwork.batch.session import Studio
from brushwork.stylizer import Stylizer
from tests.conftest import FakeRuntime


@pytest.mark.parametrize(("streams", "tiles"), [(True, "exact"), (False, "fast")])
def test_tiles_are_chosen_where_memory_is_short_and_exact_where_the_runtime_can(streams: bool, tiles: str) -> None:
    runtime = FakeRuntime()
    runtime.streams = streams
    studio = Studio(Stylizer(runtime), Options(memory=2 * 10**9))
    assert studio.mode(64, 64) == "never"
    assert studio.mode(100_000, 100_000) == tiles
    assert Studio(Stylizer(runtime), Options(tile="never")).mode(100_000, 100_000) == "never"
