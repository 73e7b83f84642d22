"""How a session chooses between a single pass and tiles."""

import pytest

from brushwork.batch.options import Options
from brushwork.batch.session import Session
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime


@pytest.mark.parametrize(("streams", "tiles"), [(True, "exact"), (False, "fast")])
def test_tiles_are_chosen_if_memory_is_short_and_exact_if_the_runtime_can(streams: bool, tiles: str) -> None:
    runtime = FakeRuntime()
    runtime.streams = streams
    session = Session(Stylizer(runtime), Options(memory=2 * 10**9))
    assert session.choose_tiling(64, 64).mode == "never"
    assert session.choose_tiling(100_000, 20_000).mode == tiles
    assert Session(Stylizer(runtime), Options(tile="never")).choose_tiling(100_000, 100_000).mode == "never"
