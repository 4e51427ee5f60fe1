"""Every public docstring says what goes in, what comes out, what goes wrong, and shows an example."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import filterviz_widget
from filterviz_widget import demo
from filterviz_widget.demo import Species

OBJECTS = {name: getattr(filterviz_widget, name) for name in filterviz_widget.__all__ if name != "PRESETS"}
OBJECTS |= {f"demo.{name}": getattr(demo, name) for name in demo.__all__ if callable(getattr(demo, name))}


def members() -> Iterator[tuple[str, Any]]:
    """The public objects, and the public methods and properties that this package gives their classes."""
    for name, value in OBJECTS.items():
        yield name, value
        if not inspect.isclass(value):
            continue
        for base in value.__mro__:
            if base.__module__.startswith("filterviz_widget"):
                for member, what in vars(base).items():
                    what = getattr(what, "fget", None) or getattr(what, "func", None) or getattr(what, "__func__", what)
                    if not member.startswith("_") and inspect.isfunction(what):
                        yield f"{name}.{member}", what


MEMBERS = dict(reversed(list(members())))  # of a method that is overridden the last one counts
FUNCTIONS = {name: what for name, what in MEMBERS.items() if inspect.isfunction(what)}


def words(what: Any) -> str:
    return inspect.getdoc(what) or ""


def section(what: Any, title: str) -> str:
    """What stands below a heading of a docstring."""
    found = re.search(rf"^{title}[^\n]*:\n(.*?)(?=^\S|\Z)", words(what) + "\n", re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def parameters(function: Callable[..., Any]) -> list[str]:
    kinds = inspect.Parameter
    return [
        "*" * ((each.kind == kinds.VAR_POSITIONAL) + 2 * (each.kind == kinds.VAR_KEYWORD)) + name
        for name, each in inspect.signature(function).parameters.items()
        if name not in ("self", "cls")
    ]


def documented(what: Any) -> set[str]:
    """The names below Args or Attributes: those that are indented least."""
    text = textwrap.dedent(section(what, "(?:Args|Attributes)"))
    return set(re.findall(r"^(\*{0,2}\w+): ", text, re.MULTILINE))


def raises_itself(function: Callable[..., Any]) -> bool:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(tree))


@pytest.mark.parametrize("name", OBJECTS)
def test_it_has_an_example(name: str) -> None:
    assert ">>> " in words(OBJECTS[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_it_begins_with_a_sentence(name: str) -> None:
    first = words(MEMBERS[name]).partition("\n\n")[0]
    assert re.search(r"[.:]", first), first


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "." not in name or name.startswith("demo.")])
def test_a_function_says_what_it_takes_returns_and_raises(name: str) -> None:
    function = FUNCTIONS[name]
    assert documented(function) == set(parameters(function))
    assert section(function, "Returns")
    assert section(function, "Raises") or not raises_itself(function)


@pytest.mark.parametrize("name", [name for name, value in OBJECTS.items() if inspect.isclass(value)])
def test_a_class_says_what_it_takes_or_holds(name: str) -> None:
    kind = OBJECTS[name]
    own = [base for base in kind.__mro__ if base.__module__.startswith("filterviz_widget") and "__init__" in vars(base)]
    told = (
        documented(kind) | set(re.findall(r"(?:`|^- )(\w+)", words(kind), re.MULTILINE)) | set(_fields_by_comment(kind))
    )
    if name not in ("Atlas", *READ_ONLY):  # which are not made by hand
        assert set(parameters(own[0].__init__)) <= told, name
    elif hasattr(kind, "__dataclass_fields__"):
        public = {each for each in kind.__dataclass_fields__ if not each.startswith("_")}
        assert public <= told


def _fields_by_comment(kind: Any) -> list[str]:
    """Axes of `Method`, which say their help where they are declared."""
    return [name for name, each in getattr(kind, "__dataclass_fields__", {}).items() if "axis" in each.metadata]


READ_ONLY = [
    *("Ablation", "AttentionMaps", "FeatureMaps", "FilterKernel", "FilterPicture", "Neighbours", "ReceptiveField"),
    "Strongest",
]


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "." in name and not name.startswith("demo.")])
def test_a_method_says_what_it_takes_and_raises(name: str) -> None:
    """One argument needs no list where the sentence speaks of it."""
    method = FUNCTIONS[name]
    if words(method).startswith("Called by "):  # Keras, ipywidgets
        return
    taken = parameters(method)
    assert documented(method) == set(taken) or len(taken) < 2
    assert section(method, "Raises") or not raises_itself(method)


def test_what_is_not_said_is_found() -> None:
    def silent(one: int, *, two: int) -> int:
        """Adds.

        Args:
            one: A number.
        """
        if two < 0:
            raise ValueError(two)
        return one + two

    assert documented(silent) == {"one"} != set(parameters(silent))
    assert not section(silent, "Returns")
    assert raises_itself(silent)
    assert not section(silent, "Raises")
    assert Species in OBJECTS.values()
