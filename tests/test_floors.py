"""The floor table of the design, held against the import statements of every module."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import brushwork

SOURCES = Path(brushwork.__file__).parent
FLOORS = {
    **dict.fromkeys(("images", "color", "errors", "interrupts"), 0),
    **dict.fromkeys(("networks", "losses", "runtime"), 1),
    **dict.fromkeys(("gallery", "stylizer", "sheet", "checkpoints", "options", "studio", "jobs", "batch"), 2),
    "watching": 2,
    **dict.fromkeys(("memory", "masks", "regions", "strokes", "tiling", "streaming"), 2),
    **dict.fromkeys(("video", "training", "export", "variants", "shortcuts", "evaluation", "analysis", "scale"), 2),
    **dict.fromkeys(("cli", "web", "__init__", "__main__"), 3),
}
# Who may import whom on one floor. Floor 0 needs no table, and only doors lead to other doors.
BESIDE: Mapping[str, set[str]] = {
    "gallery": {"checkpoints"},
    "streaming": {"regions"},
    "tiling": {"regions", "streaming", "strokes"},
    "stylizer": {"checkpoints", "gallery", "regions", "strokes", "tiling"},
    "sheet": {"stylizer"},
    "options": {"strokes", "stylizer", "tiling"},
    "studio": {"masks", "memory", "options", "regions", "strokes", "stylizer", "tiling"},
    "batch": {"jobs", "options", "studio", "stylizer"},
    "watching": {"batch", "jobs", "options", "stylizer"},
    "training": {"checkpoints"},
    "export": {"checkpoints", "shortcuts", "variants"},
    "variants": {"checkpoints"},
    "video": {"options", "studio", "stylizer"},
    "evaluation": {"checkpoints", "stylizer", "video"},
    "scale": {"checkpoints", "stylizer"},
}
EMPTY_NAMES = {"utils", "core", "common", "base", "helpers"}


def sources() -> dict[str, str]:
    """Every module of the package -> its text; a package is its `__init__`."""
    found = {}
    for path in sorted(SOURCES.rglob("*.py")):
        parts = path.relative_to(SOURCES.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


def part(module: str) -> str:
    """The row of the table that a module belongs to: `brushwork.images.files` to `images`."""
    return (*module.split("."), "__init__")[1]


def imports(tree: ast.AST, modules: Mapping[str, str]) -> Iterator[str]:
    """The modules of the package that are imported anywhere in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in modules or node.module in modules:
                    yield inner if inner in modules else str(node.module)


def at_start(tree: ast.Module) -> ast.Module:
    """What of a module runs when it is imported."""
    body = [
        node
        for node in tree.body
        if not isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.Module(body, type_ignores=[])


def violations(modules: Mapping[str, str]) -> list[str]:
    """What of the table does not hold, a line each."""
    found = []
    edges: dict[str, set[str]] = {}
    for module, text in modules.items():
        tree = ast.parse(text)
        edges[module] = set(imports(tree, modules))
        if EMPTY_NAMES & set(module.split(".")):
            found.append(f"{module}: a name that says nothing")
        if part(module) not in FLOORS:
            found.append(f"{module}: on no floor")
            continue
        found += [f"{module} imports {target}" for target in sorted(edges[module]) if not allowed(module, target)]
        if part(module) == "cli":
            early = [target for target in imports(at_start(tree), modules) if part(target) != "cli"]
            found += [f"{module} imports {target} before it is needed" for target in early]
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        found.append(f"cycle: {' <- '.join(error.args[1])}")
    return found


def allowed(module: str, target: str) -> bool:
    """Whether the table lets a module import another."""
    above, below = part(module), part(target)
    if above == below:
        return True
    if below == "networks" and above == "runtime":
        return module == "brushwork.runtime.pytorch"
    if FLOORS[above] != FLOORS.get(below, 0):
        return FLOORS[above] > FLOORS.get(below, 0)
    return FLOORS[above] in (0, 3) or below in BESIDE.get(above, set())


def test_the_floors_hold() -> None:
    modules = sources()
    assert len(modules) > 30
    assert violations(modules) == []


@pytest.mark.parametrize(
    ("module", "text", "expected"),
    [
        (
            "brushwork.images.files",
            "from brushwork import stylizer",
            "brushwork.images.files imports brushwork.stylizer",
        ),
        ("brushwork.color", "import brushwork.networks", "brushwork.color imports brushwork.networks"),
        (
            "brushwork.losses.perceptual",
            "def late():\n    from brushwork.networks import transfer",
            "brushwork.losses.perceptual imports brushwork.networks.transfer",
        ),
        (
            "brushwork.runtime.openvino",
            "from brushwork.networks.pastiche import PasticheNetwork",
            "brushwork.runtime.openvino imports brushwork.networks.pastiche",
        ),
        ("brushwork.stylizer", "from brushwork.batch import run", "brushwork.stylizer imports brushwork.batch"),
        ("brushwork.jobs", "from brushwork import checkpoints", "brushwork.jobs imports brushwork.checkpoints"),
        ("brushwork.batch", "from brushwork.cli import app", "brushwork.batch imports brushwork.cli"),
        (
            "brushwork.cli.stylize",
            "from brushwork import stylizer",
            "brushwork.cli.stylize imports brushwork.stylizer before it is needed",
        ),
        ("brushwork.utils", "", "brushwork.utils: a name that says nothing"),
        ("brushwork.training.helpers", "", "brushwork.training.helpers: a name that says nothing"),
        ("brushwork.attic", "", "brushwork.attic: on no floor"),
        ("brushwork.images.formats", "from brushwork.images import files", "cycle: "),
    ],
)
def test_a_planted_violation_is_found(module: str, text: str, expected: str) -> None:
    found = violations({**sources(), module: text})
    assert any(line.startswith(expected) for line in found)
