"""The Python in README.md and docs/ parses, its names and arguments are this package's, and what is quick runs."""

import ast
import builtins
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from tests.docs import scenes

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        found = re.finditer(r"^( *)```py(?:thon)?\b[^\n]*\n(.*?)^ *```", page.read_text("utf-8"), re.M | re.S)
        for number, match in enumerate(found, 1):
            yield f"{page.relative_to(REPOSITORY)}:{number}", textwrap.dedent(match[2])


BLOCKS = [pytest.param(text, id=name) for name, text in blocks()]


def wrong(text: str) -> list[str]:
    """What of this package a piece of Python names that is not there."""
    tree, known, found = ast.parse(text), {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "filterviz_widget":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                if not hasattr(module, alias.name):
                    found.append(f"{node.module}.{alias.name}")
                known[alias.asname or alias.name] = getattr(module, alias.name, None)
    known = {**PUBLIC, **known}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and callable(called := _of(node.func, known)):
            allowed = arguments(called)
            found += [f"{ast.unparse(node.func)}({each.arg}=)" for each in node.keywords if each.arg not in allowed]
    return found


def _of(node: ast.expr, known: dict[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    return getattr(_of(node.value, known), node.attr, None) if isinstance(node, ast.Attribute) else None


def arguments(function: Any) -> set[str | None]:
    """The keywords that a function takes; None stands for `**` in the call."""
    found: set[str | None] = {None}
    for name, each in inspect.signature(function).parameters.items():
        options = re.search(r"Unpack\[(?:\w+\.)*(\w+)\]", str(each.annotation))
        if options:
            module = importlib.import_module("filterviz_widget.description.options")
            found |= set(get_type_hints(getattr(module, options[1])))
        else:
            found.add(name)
    return found


PUBLIC = {name: value for name, value in scenes.public().items() if callable(value)}


GIVEN = {
    *PUBLIC,
    "Path",
    "explorer",
    "images",
    "json",
    "keras",
    "labels",
    "model",
    "names",
    "np",
    "tf",
    "vit",
    "x",
    "y",
}
"""Names that have a value without the page's saying so."""

LONG = re.compile(r"Atlas|keras\.applications|keras_hub|load_model|epochs=\d\d|while |input\(|wait\(\)$")
"""What takes minutes, a download, or never ends."""


def runs(text: str) -> bool:
    """Whether a block has all it needs, and is quick."""
    nodes = list(ast.walk(ast.parse(text)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    imports = [each for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for each in node.names]
    made |= {(each.asname or each.name).partition(".")[0] for each in imports}
    made |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    made |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return not LONG.search(text) and {node.id for node in names} <= made | GIVEN | set(vars(builtins))


@pytest.mark.parametrize("text", BLOCKS)
def test_it_names_nothing_that_is_not_there(text: str) -> None:
    assert wrong(text) == []


def test_what_is_not_there_is_found() -> None:
    assert wrong("from filterviz_widget import FilterExplorr") == ["filterviz_widget.FilterExplorr"]
    assert wrong("FilterExplorer(model, filtr=3)") == ["FilterExplorer(filtr=)"]
    assert wrong("Atlas.make(model, 'atlas', workrs=2, jitter=3)") == ["Atlas.make(workrs=)"]
    assert wrong("from filterviz_widget import ablate as a\na(model, 'c', 1, images, to='mean')") == []


README = [each for each in BLOCKS if str(each.id).startswith("README.md") and runs(str(each.values[0]))]


def test_most_of_the_readme_runs() -> None:
    assert len(README) >= 3


@pytest.mark.parametrize("text", README)
def test_the_readme_runs_as_it_stands(text: str, scene) -> None:
    vit = scene(scenes.transformer)["vit"]
    names = scene(scenes.training if "FilterHistory" in text else scenes.explored)
    names["vit"] = vit
    exec(compile(text, "README.md", "exec"), names)
