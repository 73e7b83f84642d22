"""Shards that are read from a server on demand."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from brushwork.training import shards
from brushwork.training.data import DataError, DecodedPictures, ResidentPictures
from brushwork.training.shards import read_shard
from tests.training.samples import encoded, greys, write_tar


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve tmp_path; returns the address, and a list that collects the requested paths."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *status: Any) -> None:
            asked.append(self.path)

        def log_message(self, *message: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def stream(tmp_path: Path, address: str, counts: bool) -> Path:
    """A list of four shards of three pictures each, greys 0, 1, 2, then 10, 11, 12 and so on."""
    lines = []
    for shard in range(4):
        write_tar(tmp_path / f"{shard}.tar", {f"{k}.png": encoded(10 * shard + k) for k in range(3)})
        lines.append(f"{address}/{shard}.tar" + ("\t3" if counts else ""))
    (tmp_path / "list.txt").write_text("\n".join(lines))
    return tmp_path / "list.txt"


@pytest.mark.parametrize("counts", [True, False])
def test_streams_continue_where_they_stopped(tmp_path: Path, server: tuple[str, list[str]], counts: bool) -> None:
    address, asked = server
    source = stream(tmp_path, address, counts)
    whole = DecodedPictures(source, (0,))
    expected = [grey for first in range(0, 24, 2) for grey in greys(whole, range(first, first + 2))]
    whole.close()
    everything = sorted(10 * shard + k for shard in range(4) for k in range(3))
    assert sorted(expected[:12]) == sorted(expected[12:]) == everything
    assert expected[:12] != expected[12:]
    assert expected[:12] != everything
    asked.clear()
    resumed = DecodedPictures(source, (0,))
    assert greys(resumed, range(9, 12)) == expected[9:12]
    resumed.close()
    assert len(set(asked)) <= (2 if counts else 4)  # its shard and the next, or all that came before as well


def test_streams_can_be_resident(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    pictures = ResidentPictures(stream(tmp_path, server[0], counts=True), (0,))
    assert sorted(greys(pictures, range(12))) == sorted(10 * shard + k for shard in range(4) for k in range(3))


def test_a_broken_connection_is_retried(
    tmp_path: Path, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address, asked = server
    monkeypatch.setattr(shards, "PAUSES", (0.0, 0.0))
    (tmp_path / "cut.tar").write_bytes(write_tar(tmp_path / "whole.tar", {"1.png": encoded(1)}).read_bytes()[:520])
    with pytest.raises(DataError, match=r"cannot fetch .*cut.tar"):
        read_shard(shards.Shard(f"{address}/cut.tar"))
    assert len(asked) == 3
    assert caplog.text.count("trying again") == 2
    with pytest.raises(DataError, match="404"):
        read_shard(shards.Shard(f"{address}/missing.tar"))
    assert asked[3:] == ["/missing.tar"]
