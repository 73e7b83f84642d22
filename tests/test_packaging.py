"""A release: the version and its changelog, the floors of dependencies, and the contents of sdist and wheel."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

import brushwork

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "brushwork"
# A version of each package that a published advisory affects, the newest that is known.
AFFECTED = [
    ("anyio", "4.14.1", "CVE-2026-63374"),
    ("fastapi", "0.132.0", "requires starlette below 1.0"),
    ("filelock", "3.20.2", "CVE-2026-22701"),
    ("h11", "0.15.0", "CVE-2025-43859"),
    ("mkdocs-material", "9.7.6", "DOM XSS in search suggestions"),
    ("onnx", "1.20.1", "CVE-2026-27489"),
    ("opencv-python-headless", "4.11.0.86", "CVE-2025-53644"),
    ("pillow", "12.2.0", "CVE-2026-59199"),
    ("pyarrow", "23.0.0", "CVE-2026-25087"),
    ("pymdown-extensions", "11.0", "CVE-2026-67422"),
    ("pytest", "9.0.2", "CVE-2025-71176"),
    ("python-multipart", "0.0.30", "CVE-2026-53540"),
    ("pyvips-binary", "8.18.0", "CVE-2026-2913"),
    ("ray", "2.54.1", "CVE-2026-32981"),
    ("setuptools", "82.0.1", "CVE-2026-59890"),
    ("starlette", "1.2.1", "PYSEC-2026-248"),
    ("torch", "2.12.1", "CVE-2025-3000"),
]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements(project: dict[str, Any]) -> Iterator[Requirement]:
    table = project["project"]
    for texts in (project["build-system"]["requires"], table["dependencies"], *table["optional-dependencies"].values()):
        yield from map(Requirement, texts)


@pytest.mark.parametrize(("name", "version", "reason"), AFFECTED)
def test_no_version_with_an_advisory_is_admitted(project: dict[str, Any], name: str, version: str, reason: str) -> None:
    found = [each for each in requirements(project) if each.name == name]
    assert found, f"{name} is no dependency any more"
    assert [str(each) for each in found if each.specifier.contains(version)] == [], reason


def test_every_requirement_has_a_floor(project: dict[str, Any]) -> None:
    loose = [
        str(each)
        for each in requirements(project)
        if each.name != "brushwork" and not any(part.operator == ">=" for part in each.specifier)
    ]
    assert loose == []


def test_the_newest_release_of_the_changelog_is_the_version(project: dict[str, Any]) -> None:
    headings = re.findall(r"^## \[(.+?)\](.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    released = headings[1:]
    assert released[0][0] == project["project"]["version"]
    assert all(re.fullmatch(r" - \d{4}-\d{2}-\d{2}", date) for _, date in released)


def test_the_changelog_has_the_sections_of_keep_a_changelog() -> None:
    sections = re.findall(r"^### (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(sections) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_version_stands_in_one_place(project: dict[str, Any]) -> None:
    assert brushwork.__version__ == project["project"]["version"]
    written = f'"{project["project"]["version"]}"'
    assert [path for path in PACKAGE.rglob("*.py") if written in path.read_text(encoding="utf-8")] == []


def test_the_citation_names_authors_and_no_version_of_its_own(project: dict[str, Any]) -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "type"} <= set(citation)  # what the format requires, beside authors
    assert citation["authors"] == project["project"]["authors"]
    assert citation["license"] == project["project"]["license"]
    assert "version" not in citation


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, made of a copy of the tree, and the wheel, made of the sdist."""
    folder = tmp_path_factory.mktemp("distributions")
    tree = folder / "tree"
    left_out = shutil.ignore_patterns(
        ".*cache*", ".git", ".venv*", "*.egg-info", "__pycache__", "build", "dist", "site"
    )
    shutil.copytree(ROOT, tree, ignore=left_out)
    command: list[str | Path] = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", tree]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    (source,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return source, wheel


def package_files() -> set[str]:
    """Every file of the package, relative to the folder above it."""
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(PACKAGE.parent).as_posix() for path in files}


def test_the_wheel_holds_the_package_and_nothing_else(
    distributions: tuple[Path, Path], project: dict[str, Any]
) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = set(wheel.namelist())
        info = f"brushwork-{project['project']['version']}.dist-info"
        metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
    described = {name for name in names if name.startswith(f"{info}/")}
    assert names - described == package_files()
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE", f"{info}/entry_points.txt"} <= described
    assert metadata["Author"] == "The brushwork authors"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("Project-URL") == ["Paper, https://arxiv.org/abs/1705.06830"]


def test_the_sdist_holds_what_tests_and_docs_need(distributions: tuple[Path, Path], project: dict[str, Any]) -> None:
    prefix = f"brushwork-{project['project']['version']}/"
    with tarfile.open(distributions[0]) as source:
        names = {member.name.removeprefix(prefix) for member in source.getmembers() if member.isfile()}
    assert {name for name in names if name.startswith("src/brushwork/")} == {f"src/{name}" for name in package_files()}
    assert {name.partition("/")[0] for name in names} - {"PKG-INFO", "setup.cfg"} == {
        ".dockerignore", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "Dockerfile", "LICENSE", "MANIFEST.in",
        "NOTICE", "README.md", "benchmarks", "docs", "examples", "mkdocs.yml", "pyproject.toml", "recipes", "scripts",
        "src", "tests",
    }  # fmt: skip
    assert {"tests/test_packaging.py", "tests/data/magenta_mobile_case.npz", "docs/index.md"} <= names
