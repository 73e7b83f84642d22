"""Clips over HTTP: started, followed, downloaded and deleted. The model returns the style's mean colour."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from brushwork import extras
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api import clips
from brushwork.web.api.limits import Limits
from brushwork.web.api.origins import Names
from brushwork.web.api.service import Service
from brushwork.web.app import build
from tests.video.clips import remux
from tests.video.conftest import make_clip, make_frames, packets, read_frames
from tests.web.conftest import RED, encode


class Patient(FakeRuntime):
    """A model that renders once it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def transfer(self, content: Array, embedding: Array) -> Array:
        assert self.may.wait(60)
        return super().transfer(content, embedding)


@pytest.fixture
def clip(tmp_path: Path) -> bytes:
    """Six frames with sound."""
    return make_clip(tmp_path / "clip.mkv", make_frames(6), sound="aac").read_bytes()


@pytest.fixture
def patient() -> Patient:
    return Patient()


@pytest.fixture
def server(patient: Patient) -> Iterator[TestClient]:
    limits = Limits(clips=2, clip_frames=8, pixels=1)
    with TestClient(
        build(Stylizer(patient), "colours", limits=limits, names=Names.of(["testserver"]), page=False)
    ) as client:
        yield client
        patient.may.set()


def begin(server: TestClient, data: bytes, **settings: str) -> dict[str, object]:
    answer = server.post("/v1/clips", files={"clip": data, "style": encode(RED)}, data={"steady": "0", **settings})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/clips/{answer.json()['id']}"
    return dict(answer.json())


def events(server: TestClient, key: object) -> list[tuple[str, dict[str, object]]]:
    """Name and state of every event until the last."""
    answer = server.get(f"/v1/clips/{key}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    parts = [part.split("\n") for part in answer.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parts]


def test_a_clip_is_rendered_and_returned_with_its_sound(
    server: TestClient, patient: Patient, clip: bytes, tmp_path: Path
) -> None:
    patient.may.set()
    key = begin(server, clip)["id"]
    *_, (name, state) = events(server, key)
    assert (name, state["state"], state["frames"], state["error"]) == ("done", "done", 6, None)
    assert server.get(f"/v1/clips/{key}").json() == state
    answer = server.get(f"/v1/clips/{key}/pastiche")
    assert answer.headers["content-type"] == "video/mp4"
    painted, source = tmp_path / "painted.mp4", tmp_path / "clip.mkv"
    painted.write_bytes(answer.content)
    frames = [pixels for _, pixels in read_frames(painted)]
    assert len(frames) == 6
    assert all(np.abs(frame.astype(float) - RED).max() < 12 for frame in frames)
    assert [data for _, data in packets(painted, "audio")] == [data for _, data in packets(source, "audio")]


def test_an_unfinished_clip_cannot_be_downloaded_but_can_be_stopped(
    server: TestClient, patient: Patient, clip: bytes
) -> None:
    key = begin(server, clip)["id"]
    answer = server.get(f"/v1/clips/{key}/pastiche")
    assert answer.status_code == 409 and answer.headers["content-type"] == "application/problem+json"
    assert server.delete(f"/v1/clips/{key}").status_code == 204
    assert server.get(f"/v1/clips/{key}").status_code == 404
    assert server.get(f"/v1/clips/{key}/events").status_code == 404
    patient.may.set()


def test_too_many_clips_are_refused_and_old_finished_ones_are_deleted(
    server: TestClient, patient: Patient, clip: bytes
) -> None:
    first, second = (begin(server, clip)["id"] for _ in range(2))
    answer = server.post("/v1/clips", files={"clip": clip, "style": encode(RED)})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    patient.may.set()
    assert events(server, first)[-1][0] == events(server, second)[-1][0] == "done"
    begin(server, clip)
    assert server.get(f"/v1/clips/{first}").status_code == 404
    assert server.get(f"/v1/clips/{second}").status_code == 200


def test_a_clip_longer_than_allowed_fails_with_a_one_line_error(
    server: TestClient, patient: Patient, tmp_path: Path
) -> None:
    patient.may.set()
    key = begin(server, make_clip(tmp_path / "long.mkv", make_frames(9)).read_bytes())["id"]
    name, state = events(server, key)[-1]
    assert (name, state["error"]) == ("failed", "more than 8 frames, which is the limit of a clip")
    answer = server.get(f"/v1/clips/{key}/pastiche")
    assert (answer.status_code, answer.json()["detail"]) == (409, state["error"])


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/secret\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\0\0\0\x18ftypisom<MPD profiles='urn:mpeg:dash:profile:isoff-live:2011'>",
        b"",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["hls", "concat", "dash in disguise", "empty", "picture"],
)
def test_files_that_are_not_clips_are_refused_unread(server: TestClient, data: bytes) -> None:
    answer = server.post("/v1/clips", files={"clip": ("clip.mp4", data), "style": encode(RED)})
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert "the clip is not MP4, MOV, MKV, WebM or AVI" in answer.json()["detail"]


def test_a_broken_clip_fails_without_a_path_of_the_server(server: TestClient, clip: bytes) -> None:
    key = begin(server, clip[:300])["id"]
    name, state = events(server, key)[-1]
    assert name == "failed" and "brushwork-clips" not in str(state["error"]) and "\n" not in str(state["error"])


def test_a_truncated_clip_states_the_number_of_frames_read(
    server: TestClient, patient: Patient, tmp_path: Path
) -> None:
    patient.may.set()
    clip = make_clip(tmp_path / "clip.mp4", make_frames(8), codec="mjpeg", form="yuvj420p")
    whole = remux(clip, tmp_path / "whole.mp4", movflags="faststart").read_bytes()  # the index before the frames
    key = begin(server, whole[: len(whole) - (len(whole) - whole.index(b"mdat")) // 2])["id"]
    name, state = events(server, key)[-1]
    notes = " ".join(map(str, state["notes"]))  # type: ignore[call-overload]
    assert name == "done" and state["left"] == 0
    assert "clip.mp4 is cut short" in notes and "brushwork-clips" not in notes
    assert f"{state['frames']} frames were read; the clip states 8" in notes


def test_stored_clips_are_deleted_when_the_server_ends(
    patient: Patient, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[clips.Clips] = []

    def make(service: Service) -> clips.Clips:
        made.append(clips.Clips(service))
        return made[-1]

    monkeypatch.setattr("brushwork.web.app.Clips", make)
    patient.may.set()
    with TestClient(build(Stylizer(patient), "colours", names=Names.of(["testserver"]), page=False)) as server:
        key = begin(server, clip)["id"]
        events(server, key)
        folder = made[0].find(str(key)).folder
        assert folder.is_dir()
    assert not folder.exists() and not folder.parent.exists()


def test_without_the_extra_the_error_names_the_install_command(
    server: TestClient, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(extras.EXTRAS, "video", ("missing_module",))
    answer = server.post("/v1/clips", files={"clip": clip, "style": encode(RED)})
    assert answer.status_code == 400 and "pip install" in answer.json()["detail"]
