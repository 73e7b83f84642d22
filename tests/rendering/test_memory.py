"""Available memory, with the limits of control groups, and the tiles that fit."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from brushwork.errors import UserError
from brushwork.rendering import memory
from brushwork.rendering.memory import Tiling, choose_tiling
from brushwork.rendering.settings import RenderSettings

GIB = 2**30


def group(folder: Path, **files: str | int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def test_the_tightest_limit_of_the_control_groups_counts(tmp_path: Path) -> None:
    """A service of systemd: 4 GiB of which 1 is used, 1/4 of that by files that can go; the machine has no limit."""
    service = tmp_path / "system.slice/brushwork.service"
    group(service, memory__max=4 * GIB, memory__current=GIB, memory__stat=f"anon 1\ninactive_file {GIB // 4}")
    group(tmp_path / "system.slice", memory__max="max", memory__current=9 * GIB, memory__stat="anon 1")
    found = memory.groups("0::/system.slice/brushwork.service\n", tmp_path)
    assert found == [service, tmp_path / "system.slice", tmp_path]
    assert [memory.left_in_group(each) for each in found] == [3 * GIB + GIB // 4, None, None]


def test_limits_of_control_groups_version_1_are_read(tmp_path: Path) -> None:
    inner = tmp_path / "memory/docker/abc"
    usage: dict[str, str | int] = {
        "memory__limit_in_bytes": 2 * GIB,
        "memory__usage_in_bytes": GIB,
        "memory__stat": "total_inactive_file 5",
    }
    group(inner, **usage)
    found = memory.groups("9:name=systemd:/\n4:memory:/docker/abc\n1:cpu:/\n", tmp_path)
    assert found[0] == inner
    assert memory.left_in_group(inner) == GIB + 5
    assert memory.groups("", tmp_path) == []


def test_most_of_what_is_free_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "groups", lambda own: [Path("one"), Path("other")])
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10 * GIB))
    for left, expected in ((None, 10), (4 * GIB, 4), (20 * GIB, 10), (-GIB, 0)):
        monkeypatch.setattr(memory, "left_in_group", lambda path, left=left: left if path.name == "one" else None)
        assert memory.available() == int(expected * GIB * memory.FRACTION)


@pytest.mark.parametrize(("exact", "mode"), [(True, "exact"), (False, "fast")])
def test_auto_renders_in_one_pass_what_fits(exact: bool, mode: str) -> None:
    """At 1000 bytes a pixel in all, 600 pixels squared take 360 MB over the program's."""
    settings = RenderSettings(memory=memory.PROGRAM + 360_000_000)
    assert choose_tiling((600, 600), settings, 1000 - memory.PICTURE, exact) == Tiling("never")
    assert choose_tiling((600, 601), settings, 1000 - memory.PICTURE, exact).mode == mode


def test_tiles_shrink_with_the_memory_unless_a_size_is_given() -> None:
    def tiling(size: tuple[int, int] = (10_000, 10_000), held: int = 0, **settings: object) -> Tiling:
        return choose_tiling(size, RenderSettings(tile="exact", **settings), 300, True, held)  # type: ignore[arg-type]

    assert tiling(memory=64 * GIB).side == memory.TILE
    assert tiling(memory=64 * GIB, tile_size=512).side == 512
    assert tiling(tile_size=128).side == 128
    # Half of the room for a tile and its overlap: sqrt(60e6 / 300) is 447, of which 128 are overlap. 3/10 of it for a
    # strip: 80 bytes and a tenth of 300 for each pixel.
    room = memory.PROGRAM + 120_000_000
    assert tiling((9000, 1000), memory=room).side == 316
    assert tiling((9000, 1300), memory=room).side == int(36_000_000 / (110 * 1300)) // 4 * 4
    assert tiling((9000, 1000), memory=room + 5_000_000, held=5_000_000).side == 316


def test_a_memory_too_small_for_the_smallest_tiles_is_refused() -> None:
    """By hand: a tile of 128 and its overlap are 256 pixels squared of 300 bytes, and a strip has 128 rows of 110."""
    least = memory.PROGRAM + 256**2 * 300 + 128 * 10_000 * 110
    settings = RenderSettings(tile="exact", memory=least)
    assert choose_tiling((10_000, 10_000), settings, 300, True).side == 128
    with pytest.raises(UserError, match="10000 x 10000 pixels take 580 MB even in tiles of 128, and 580 MB may be"):
        choose_tiling((10_000, 10_000), RenderSettings(tile="exact", memory=least - 1), 300, True)


def test_memory_held_by_decoders_counts() -> None:
    settings = RenderSettings(memory=memory.PROGRAM + 360_000_000)
    assert choose_tiling((600, 600), settings, 1000 - memory.PICTURE, True, held=0).mode == "never"
    assert choose_tiling((600, 600), settings, 1000 - memory.PICTURE, True, held=1).mode == "exact"


def test_never_uses_no_tiles() -> None:
    assert choose_tiling((10**6, 10**6), RenderSettings(tile="never"), 1000, True).mode == "never"


def test_never_with_too_little_memory_is_refused() -> None:
    with pytest.raises(UserError, match=r"1000 x 1000 pixels take 1\.5 GB at once, and 1\.0 GB may be used"):
        choose_tiling((1000, 1000), RenderSettings(tile="never", memory=10**9), 1000, True)
