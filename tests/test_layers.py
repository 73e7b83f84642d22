"""The import statements of all modules respect the layers of the design."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import brushwork

SOURCES = Path(brushwork.__file__).parent
GROUND, PARTS, WORK, INTERFACES = range(4)
LAYERS = {
    **dict.fromkeys(("atomic", "errors", "extras", "images", "prefetch"), GROUND),
    **dict.fromkeys(("networks", "losses", "runtime"), PARTS),
    **dict.fromkeys(("batch", "evaluation", "export", "live", "model_folder", "rendering", "styles"), WORK),
    **dict.fromkeys(
        ("analysis", "augment", "dataset", "model_detail", "scale", "stylizer", "testing", "training", "video"), WORK
    ),
    **dict.fromkeys(("cli", "web", "__init__", "__main__"), INTERFACES),
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
    """The statements of a module that run when it is imported."""
    body = [
        node
        for node in tree.body
        if not isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.Module(body, type_ignores=[])


def violations(modules: Mapping[str, str]) -> list[str]:
    """The violations of the table, one line each."""
    found = []
    edges: dict[str, set[str]] = {}
    for module, text in modules.items():
        tree = ast.parse(text)
        edges[module] = set(imports(tree, modules))
        if EMPTY_NAMES & set(module.split(".")):
            found.append(f"{module}: a name that says nothing")
        if part(module) not in LAYERS:
            found.append(f"{module}: on no layer")
            continue
        found += [f"{module} imports {target}" for target in sorted(edges[module]) if not allowed(module, target)]
        if part(module) == "cli":
            early = [target for target in imports(at_start(tree), modules) if part(target) != "cli"]
            found += [f"{module} imports {target} before it is needed" for target in early]
    for graph in (edges, packages(edges)):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found.append(f"cycle: {' <- '.join(error.args[1])}")
    return found


def allowed(module: str, target: str) -> bool:
    """Whether the layers allow an import; on the work layer every import that closes no cycle is allowed."""
    above, below = part(module), part(target)
    if above == below:
        return True
    if below == "networks" and above == "runtime":
        return module == "brushwork.runtime.pytorch"
    higher, lower = LAYERS[above], LAYERS.get(below, GROUND)
    return higher > lower or (higher == lower and higher != PARTS)


def packages(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same edges between packages and modules at the top."""
    between: dict[str, set[str]] = {}
    for module, targets in edges.items():
        between.setdefault(part(module), set()).update({part(target) for target in targets} - {part(module)})
    return between


def test_every_module_in_the_table_exists() -> None:
    existing = {part(module) for module in sources()} | {"__init__"}
    assert set(LAYERS) == existing


def test_no_module_imports_from_a_higher_layer_or_in_a_cycle() -> None:
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
        ("brushwork.images.color", "import brushwork.networks", "brushwork.images.color imports brushwork.networks"),
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
        ("brushwork.stylizer", "from brushwork.batch.run import run", "cycle: "),
        ("brushwork.styles.gallery", "from brushwork import stylizer", "cycle: "),
        ("brushwork.batch.run", "from brushwork.cli import app", "brushwork.batch.run imports brushwork.cli"),
        (
            "brushwork.cli.stylize",
            "from brushwork import stylizer",
            "brushwork.cli.stylize imports brushwork.stylizer before it is needed",
        ),
        ("brushwork.utils", "", "brushwork.utils: a name that says nothing"),
        ("brushwork.training.helpers", "", "brushwork.training.helpers: a name that says nothing"),
        ("brushwork.attic", "", "brushwork.attic: on no layer"),
        ("brushwork.images.formats", "from brushwork.images import files", "cycle: "),
    ],
)
def test_an_added_violation_is_found(module: str, text: str, expected: str) -> None:
    found = violations({**sources(), module: text})
    assert any(line.startswith(expected) for line in found)
