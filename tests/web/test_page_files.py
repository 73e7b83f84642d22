"""The files of the page: a fixed list, small modules, nothing from other servers."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.origins import Names
from brushwork.web.app import build

FOLDER = Path(str(files("brushwork.web.page")))
MODULES = sorted(FOLDER.glob("*.js"))


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(build(Stylizer(FakeRuntime()), "colours", names=Names.of(["testserver"]))) as client:
        yield client


def test_the_page_and_every_file_it_names_is_served(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text)
    imported = {f"/page/{name}" for module in MODULES for name in re.findall(r'from "\./(.+)"', module.read_text())}
    assert len(named) >= 3 and len(imported) > 10
    for path in {*named, *imported, "/page/example.jpg", "/favicon.ico"}:
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize(
    "path", ["/page/files.py", "/page/../files.py", "/page/%2e%2e/app.py", "/page/", "/page//etc/passwd"]
)
def test_no_other_file_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_cached_file_is_answered_with_304(client: TestClient) -> None:
    first = client.get("/page/style.css")
    again = client.get("/page/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head("/")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_is_small_and_states_its_purpose(module: Path) -> None:
    lines = module.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 200
    assert lines[0].startswith("// ")


def test_no_file_refers_to_another_server_or_has_inline_scripts() -> None:
    for path in [*MODULES, FOLDER / "style.css", FOLDER / "index.html"]:
        addresses = set(re.findall(r"https?://[^\s\"']+", path.read_text(encoding="utf-8")))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name
    html = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", html)


def test_all_texts_of_the_page_are_in_one_file() -> None:
    """The HTML contains only keys, and each key has a text."""
    html = (FOLDER / "index.html").read_text(encoding="utf-8")
    keys = set(re.findall(r'data-(?:text|label|placeholder|alt)="(\w+)"', html))
    code = "".join(module.read_text(encoding="utf-8") for module in MODULES)
    used = set(re.findall(r"(?<!/)\bstrings\.(\w+)", code))
    known = set(re.findall(r"^  (\w+):", (FOLDER / "strings.js").read_text(encoding="utf-8"), re.MULTILINE))
    assert known == keys | used
