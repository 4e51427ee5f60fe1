"""Rules that no tool checks: dependencies are declared, locks fit them, and the user's cache is left alone."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import platformdirs

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "filterviz_widget"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
DEPENDENCIES = {
    re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0].lower(): line for line in PROJECT["project"]["dependencies"]
}

OPTIONAL = {
    re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0].lower()
    for extra in PROJECT["project"]["optional-dependencies"].values()
    for line in extra
}


def imported(source: str) -> set[str]:
    """The first part of each module that is imported by its full name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def pins(lock: str) -> dict[str, str]:
    """The versions in a lock; for Python 3.11 where there are several."""
    lines = (REPOSITORY / lock).read_text("utf-8").splitlines()
    found: dict[str, str] = {}
    for line in lines:
        if match := re.match(r"([\w.-]+)==([^ ;]+)", line):
            found.setdefault(match[1], match[2])
    return found


def test_what_the_package_imports_is_among_its_dependencies() -> None:
    used = set.union(*(imported(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")))
    foreign = used - set(sys.stdlib_module_names) - {PACKAGE.name}
    assert {"tensorflow", "keras", "numpy"} <= foreign
    homes = packages_distributions()
    declared = {*DEPENDENCIES, *OPTIONAL}
    undeclared = {
        name for name in foreign if not {home.lower().replace("_", "-") for home in homes.get(name, [name])} & declared
    }
    assert undeclared == set()


def test_the_lowest_versions_are_those_that_the_package_allows() -> None:
    lowest = pins("requirements-lowest.lock")
    for name, line in DEPENDENCIES.items():
        floor = re.search(r">=([\d.]+)", line)
        assert floor, f"{line} has no floor"
        assert re.sub(r"(\.0)+$", "", lowest[name]) == re.sub(r"(\.0)+$", "", floor[1]), "run `make lock`"


def test_the_locks_hold_versions_and_no_address_of_an_index() -> None:
    for lock in ("requirements.lock", "requirements-lowest.lock"):
        assert set(DEPENDENCIES) <= set(pins(lock))
        text = (REPOSITORY / lock).read_text("utf-8")
        assert re.findall(r"://|--\w*index|--find-links|@ ", text) == [], lock


def test_nothing_that_a_test_starts_writes_into_the_users_cache() -> None:
    program = "import platformdirs; print(platformdirs.user_cache_dir('filterviz-widget'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for folder in (done.stdout.strip(), platformdirs.user_cache_dir("filterviz-widget")):
        assert "filterviz-cache-" in folder
