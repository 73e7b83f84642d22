"""Targets of unchanging styles: each picture has its own, and their number is bounded."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import torch

from brushwork.training.pictures import DecodedPictures
from brushwork.training.style_targets import Grams, StyleTargets
from tests.training.samples import encoded, write_tar


def grams(value: float) -> Grams:
    return {"relu1_2": torch.full((1, 1, 1), value)}


def test_targets_are_computed_once_and_the_oldest_are_dropped() -> None:
    asked: list[int] = []

    def compute(numbers: list[int]) -> Callable[[int], Grams]:
        def of(place: int) -> Grams:
            asked.append(numbers[place])
            return grams(float(numbers[place]))

        return of

    targets = StyleTargets(capacity=2)
    for numbers in ([5, 7], [7, 5], [5, 9], [5, 9], [7, 9, 5]):
        taken = targets.take(numbers, compute(numbers))
        assert taken["relu1_2"].flatten().tolist() == numbers
        assert len(targets) <= 2
    assert asked == [5, 7, 9, 7, 5]


def test_no_two_pictures_of_remote_shards_have_the_same_number(tmp_path: Path) -> None:
    for shard in range(2):
        write_tar(tmp_path / f"{shard}.tar", {f"{n}.png": encoded(100 * shard + n) for n in range(4)})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = (tmp_path / self.path.strip("/")).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        pictures = DecodedPictures([f"{address}/0.tar", f"{address}/1.tar"], (0,))
        taken = [pictures.take([slot])[0] for slot in range(24)]
        pictures.close()
    finally:
        server.shutdown()
        server.server_close()
    grey_of = {number: int(pixels[0, -1, -1]) for number, pixels in taken}
    assert all(grey_of[number] == int(pixels[0, -1, -1]) for number, pixels in taken)
    assert len(grey_of) == len(set(grey_of.values())) == 8
