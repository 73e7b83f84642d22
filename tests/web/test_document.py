"""Requests drawn from the OpenAPI document, right ones and wrong ones: none may break the server."""

import schemathesis
from hypothesis import HealthCheck, settings

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.origins import Names
from brushwork.web.app import build

schema = schemathesis.openapi.from_asgi(
    "/openapi.json", build(Stylizer(FakeRuntime()), "colours", names=Names.of(["testserver"]), page=False)
)


@schema.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_the_server(case: schemathesis.Case) -> None:
    answer = case.call()
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
