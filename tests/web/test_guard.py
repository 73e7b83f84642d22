"""Who may come in, and how much."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.guard import HEADERS
from brushwork.web.api.limits import Limits
from brushwork.web.app import build
from brushwork.web.server import is_local
from tests.web.conftest import RED, encode

FILES = {"content": encode(RED), "style": encode(RED)}


def client(**settings: object) -> TestClient:
    app = build(Stylizer(FakeRuntime()), "colours", page=False, **settings)  # type: ignore[arg-type]
    return TestClient(app, base_url="http://localhost:7860", follow_redirects=False)


def test_a_name_that_was_made_to_point_here_is_refused() -> None:
    assert client().get("/healthz").status_code == 200
    assert client().get("/healthz", headers={"Host": "[::1]:7860"}).status_code == 200
    answer = client().get("/healthz", headers={"Host": "evil.example:7860"})
    assert (answer.status_code, answer.json()["detail"]) == (421, "this server is not evil.example")
    assert client(hosts=()).get("/healthz", headers={"Host": "evil.example"}).status_code == 200


def test_a_page_of_another_site_cannot_send_requests() -> None:
    own, foreign = ({"Origin": origin} for origin in ("http://localhost:7860", "https://evil.example"))
    assert client().post("/v1/stylize", files=FILES, headers=own).status_code == 200
    assert client().post("/v1/stylize", files=FILES, headers=foreign).status_code == 403
    assert client().post("/v1/stylize", files=FILES, headers={"Origin": "null"}).status_code == 403


def test_a_request_larger_than_allowed_is_refused_whether_it_says_so_or_not() -> None:
    small = client(limits=Limits(upload=1))
    said = small.post("/v1/embed", content=bytes(10**6 + 1))
    assert (said.status_code, said.headers["content-type"]) == (413, "application/problem+json")
    boundary = b"--x\r\nContent-Disposition: form-data; name=style; filename=a\r\n\r\n"

    def pieces() -> Iterator[bytes]:
        yield boundary
        for _ in range(11):
            yield bytes(10**5)
        yield b"\r\n--x--\r\n"

    header = {"Content-Type": "multipart/form-data; boundary=x"}
    unsaid = small.post("/v1/embed", content=pieces(), headers=header)
    assert "content-length" not in unsaid.request.headers
    assert unsaid.status_code == 413
    assert small.post("/v1/embed", content=b"", headers={"Content-Length": "-1"}).status_code == 413


def test_a_token_is_asked_for_and_can_be_shown_in_three_ways() -> None:
    closed = client(token="secret")
    assert closed.get("/healthz").status_code == 200
    refused = closed.get("/v1/styles")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    for wrong in ("Bearer other", "Basic secret", "Bearer", "secret"):
        assert closed.get("/v1/styles", headers={"Authorization": wrong}).status_code == 401
    assert closed.get("/v1/styles", headers={"Authorization": "Bearer secret"}).status_code == 200
    assert closed.get("/?token=other").status_code == 401
    shown = closed.get("/?token=secret")
    assert (shown.status_code, shown.headers["location"]) == (303, "/")
    assert "HttpOnly" in shown.headers["set-cookie"] and "SameSite=strict" in shown.headers["set-cookie"]
    assert closed.get("/v1/styles").status_code == 200  # the client keeps the cookie, as a browser does


def test_every_answer_has_the_headers_that_browsers_heed() -> None:
    for answer in (client().get("/healthz"), client().get("/nothing"), client(token="t").get("/v1/styles")):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "http" not in HEADERS["Content-Security-Policy"]  # no other place is named there


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.2", False), ("studio.local", False)],
)  # fmt: skip
def test_what_only_this_machine_can_reach(host: str, local: bool) -> None:
    assert is_local(host) == local
