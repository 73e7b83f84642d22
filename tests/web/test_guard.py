"""The guard: which requests are admitted, and their limits."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.guard import HEADERS
from brushwork.web.api.limits import Limits
from brushwork.web.api.origins import Names, Origin, is_local
from brushwork.web.api.tokens import Tokens
from brushwork.web.app import build
from tests.web.conftest import RED, Response, encode

FILES = {"content": encode(RED), "style": encode(RED)}


def client(**settings: object) -> TestClient:
    app = build(Stylizer(FakeRuntime()), "colours", page=False, **settings)  # type: ignore[arg-type]
    return TestClient(app, base_url="http://localhost:7860", follow_redirects=False)


def asked_as(host: str, **settings: object) -> Response:
    return client(**settings).get("/healthz", headers={"Host": host})


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:7860", "LOCALHOST", "127.0.0.1:7860", "[::1]:7860", "10.1.2.3"]
)
def test_own_names_and_numeric_addresses_are_answered(host: str) -> None:
    assert asked_as(host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example"])
def test_an_unknown_host_name_is_refused(host: str) -> None:
    answer = asked_as(host)
    assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json")
    name = host.partition(":")[0]
    assert f"{name} is not a name of this server" in answer.json()["detail"]
    assert asked_as(host, names=Names.of([name])).status_code == 200


@pytest.mark.parametrize(
    "host", ["", "a b", "[::1", "localhost:port", "user@localhost", "localhost/x", "[zz]", "localhost:99999"]
)
def test_a_malformed_host_is_a_bad_request(host: str) -> None:
    assert asked_as(host).status_code == 400


def test_a_page_of_another_site_cannot_send_requests() -> None:
    own, foreign = ({"Origin": origin} for origin in ("http://localhost:7860", "https://evil.example"))
    assert client().post("/v1/stylize", files=FILES, headers=own).status_code == 200
    for origin in ("https://evil.example", "null", "http://localhost:7861", "ftp://localhost:7860"):
        assert client().post("/v1/stylize", files=FILES, headers={"Origin": origin}).status_code == 403
    for malformed in ("", "http://[", "localhost:7860", "http://a b", "http://user@localhost"):
        answer = client().post("/v1/stylize", files=FILES, headers={"Origin": malformed})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert client().delete("/v1/clips/x", headers=foreign).status_code == 403


def test_forwarded_headers_are_trusted_only_from_listed_proxies() -> None:
    told = {"Forwarded": 'for=192.0.2.7;proto=https;host="art.example"'}
    older = {"X-Forwarded-Host": "art.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    names = Names.of(["art.example"], ["testclient"])
    for headers in (told, older):
        origin = names.origin(Headers({"host": "localhost", **headers}), "testclient", "http")
        assert origin == Origin("art.example", "https", "192.0.2.7")
        assert names.origin(Headers({"host": "localhost", **headers}), "10.0.0.9", "http").host == "localhost"
    behind = client(names=names)
    posted = behind.post("/v1/stylize", files=FILES, headers={**told, "Origin": "https://art.example"})
    assert posted.status_code == 200


def test_a_too_large_request_is_refused_with_and_without_a_stated_length() -> None:
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


ANY = 'p\u00e4\u00df; word="1",\u2713'


@pytest.mark.parametrize("token", ["secret", ANY])
def test_a_token_is_required_and_accepted_in_four_forms(token: str) -> None:
    closed = client(tokens=Tokens(["another", token]))
    assert closed.get("/healthz").status_code == 200
    refused = closed.get("/v1/styles")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    for wrong in ("Bearer other", "Basic secret", "Bearer", "secret", "Bearer "):
        assert closed.get("/v1/styles", headers={"Authorization": wrong}).status_code == 401
    header = {b"Authorization": b"Bearer " + token.encode()}
    assert closed.get("/v1/styles", headers=header).status_code == 200
    for shown in (closed.get("/", params={"token": token}), closed.post("/login", data={"token": token})):
        assert (shown.status_code, shown.headers["location"]) == (303, "/")
        cookie = shown.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie and token not in cookie
        kept = cookie.partition(";")[0]
        answer = client_of(closed).get("/v1/styles", headers={"Cookie": f'broken="; {kept}; other=1'})
        assert answer.status_code == 200


def client_of(other: TestClient) -> TestClient:
    """A client of the same application without its cookies."""
    return TestClient(other.app, base_url="http://localhost:7860", follow_redirects=False)


def test_without_a_token_browsers_get_a_form_and_programs_a_problem() -> None:
    closed = client(tokens=Tokens(["secret"]))
    page = closed.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 401 and 'action="/login"' in page.text
    assert closed.get("/").headers["content-type"] == "application/problem+json"
    wrong = closed.post("/login", data={"token": "<b>wrong"})
    assert wrong.status_code == 401 and "not valid" in wrong.text and "<b>" not in wrong.text
    assert closed.get("/?token=wrong").status_code == 401


def test_an_empty_token_is_an_error() -> None:
    with pytest.raises(UserError, match="a token is empty"):
        Tokens([""])


def test_a_cookie_is_invalid_after_a_restart() -> None:
    cookie = Tokens(["secret"]).cookie_for(b"secret")
    assert cookie and not Tokens(["secret"]).admit(Headers({"cookie": f"brushwork_token={cookie}"}))


def test_head_is_answered_like_get_without_a_body() -> None:
    whole, head = client().get("/v1/styles"), client().head("/v1/styles")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(whole.content)), b"")


def test_every_answer_has_the_security_headers() -> None:
    for answer in (client().get("/healthz"), client().get("/nothing"), client(tokens=Tokens(["t"])).get("/v1/styles")):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "http" not in HEADERS["Content-Security-Policy"]  # no other place is named there


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.2", False), ("studio.local", False)],
)  # fmt: skip
def test_only_loopback_addresses_are_local(host: str, local: bool) -> None:
    assert is_local(host) == local
