"""The OpenAPI document, and valid and invalid requests generated from it: none may break the server."""

from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.origins import Names
from brushwork.web.api.tokens import Tokens
from brushwork.web.app import build

TOKEN = "secret"
Case: TypeAlias = "schemathesis.Case[Any]"
Document: TypeAlias = dict[str, Any]
names = Names.of(["testserver"])
schema = schemathesis.openapi.from_asgi("/openapi.json", build(Stylizer(FakeRuntime()), "colours", names=names))
with_token = build(Stylizer(FakeRuntime()), "colours", names=names, tokens=Tokens([TOKEN]))
closed = schemathesis.openapi.from_dict(with_token.openapi())
closed.app = with_token
drawn = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def check(case: Case, **given: Any) -> int:
    """Send a request and return its status; every error must be a problem."""
    answer = case.call(**given)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    return answer.status_code


@schema.parametrize()
@drawn
def test_no_request_breaks_the_server(case: Case) -> None:
    assert check(case) != 401


@closed.parametrize()
@drawn
def test_no_request_breaks_a_server_with_a_token(case: Case) -> None:
    assert check(case, headers={"Authorization": f"Bearer {TOKEN}"}) != 401


@closed.parametrize()
@settings(drawn, max_examples=5)
def test_only_the_health_check_works_without_a_token(case: Case) -> None:
    status = check(case, headers={"Authorization": "Bearer wrong"})
    assert status in ((200, 405) if case.path == "/healthz" else (401, 403, 413))


@pytest.fixture(scope="module")
def document() -> Document:
    return build(Stylizer(FakeRuntime()), "colours").openapi()


def test_every_documented_error_is_a_problem(document: Document) -> None:
    found = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    found += 1
                    assert list(response["content"]) == ["application/problem+json"], operation["summary"]
                if status == "429":
                    assert "Retry-After" in response["headers"]
    assert found > 50
    assert "HTTPValidationError" not in str(document)


def test_the_document_states_which_routes_need_a_token(document: Document) -> None:
    assert set(document["components"]["securitySchemes"]) == {"bearer", "browser"}
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert {"bearer": []} in document["paths"]["/v1/stylize"]["post"]["security"]
    assert "Location" in document["paths"]["/v1/clips"]["post"]["responses"]["202"]["headers"]
