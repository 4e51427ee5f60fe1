"""What is released: what must be in the sdist and the wheel, and what must not."""

import json
import re
import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from trove_classifiers import classifiers

import hatch_build
from tests.package.conftest import REPOSITORY, build

PACKAGE = REPOSITORY / "filterviz_widget"
NOTEBOOKS = "filterviz_widget/demo/notebooks/"

UNWANTED = re.compile(
    r"(^|/)(__pycache__|node_modules|\.[^/]*|tests?|benchmarks|_site|flower_atlas)/|\.(map|pyc|pyo|ts\.js|log|orig|h5~)$"
)
"""In the wheel and in the sdist: caches, what was installed, what tests and notebooks leave, source maps."""


@pytest.fixture(scope="session")
def in_wheel(wheel: Path) -> dict[str, zipfile.ZipInfo]:
    return {info.filename: info for info in zipfile.ZipFile(wheel).infolist()}


@pytest.fixture(scope="session")
def in_sdist(sdist: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(sdist) as archive:
        return {info.name.partition("/")[2]: info for info in archive.getmembers()}


def notebooks() -> list[Path]:
    return [path for pattern in hatch_build.NOTEBOOKS for path in (REPOSITORY / "notebooks").glob(pattern)]


def test_the_wheel_holds_the_whole_package_with_the_notebooks_and_nothing_else(in_wheel) -> None:
    expected = {
        str(path.relative_to(REPOSITORY).as_posix())
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in in_wheel if ".dist-info/" not in name} == {
        *expected,
        *(NOTEBOOKS + path.name for path in notebooks()),
    }
    assert {f"filterviz_widget/static/{name}" for name in hatch_build.NAMES} <= expected
    assert "filterviz_widget/py.typed" in expected
    about = {name.partition(".dist-info/")[2] for name in in_wheel if ".dist-info/" in name}
    assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def test_all_notebooks_are_in_the_wheel_with_the_pictures_that_their_text_shows(in_wheel) -> None:
    packed = {name.removeprefix(NOTEBOOKS) for name in in_wheel if name.startswith(NOTEBOOKS)}
    assert {"quickstart.ipynb", "training.ipynb", "whole.ipynb"} <= packed
    for path in notebooks():
        if path.suffix != ".ipynb":
            continue
        cells = json.loads(path.read_text("utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        linked = re.findall(r"\]\(([^)#\s]+)\)|<img[^>]*src=\"([^\"]+)\"", text)
        local = {one or other for one, other in linked if "://" not in one + other}
        assert {name for name in local if not name.startswith(("../", "attachment:"))} <= packed, path.name


def test_the_sdist_holds_what_a_wheel_is_built_from(in_sdist) -> None:
    needed = {"js/src/views/explorer.ts", "js/package-lock.json", "hatch_build.py", "pyproject.toml", "PKG-INFO"}
    assert needed <= set(in_sdist)
    assert {"LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff"} <= set(in_sdist)
    assert {f"notebooks/{path.name}" for path in notebooks()} <= set(in_sdist)


def test_neither_holds_what_is_nobodys_business_or_large(in_wheel, in_sdist, wheel: Path, sdist: Path) -> None:
    assert [name for name in [*in_wheel, *in_sdist] if UNWANTED.search(name)] == []
    sizes = {name: info.file_size for name, info in in_wheel.items()}
    sizes |= {name: info.size for name, info in in_sdist.items()}
    assert [name for name, size in sizes.items() if size > 1_000_000] == []
    assert wheel.stat().st_size < 5_000_000
    assert sdist.stat().st_size < 5_000_000


def test_unwanted_means_something() -> None:
    unwanted = ["js/node_modules/a/b.js", "filterviz_widget/static/widget.js.map", "a/__pycache__/b.pyc", "tests/a.py"]
    assert all(UNWANTED.search(name) for name in [*unwanted, "notebooks/.ipynb_checkpoints/a.ipynb"])
    assert not UNWANTED.search("filterviz_widget/demo/jupyter/kernels/python3/kernel.json")


def test_the_wheel_of_the_sdist_is_that_of_the_checkout(in_wheel, tmp_path: Path) -> None:
    direct = zipfile.ZipFile(build("wheel", REPOSITORY, tmp_path))
    assert {info.filename: info.CRC for info in direct.infolist()} == {name: in_wheel[name].CRC for name in in_wheel}


def test_the_metadata_are_such_as_an_index_takes(wheel: Path, sdist: Path) -> None:
    packed = zipfile.ZipFile(wheel)
    (name,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
    raw = packed.read(name)
    with tarfile.open(sdist) as archive:
        (member,) = (each for each in archive.getmembers() if each.name.count("/") == 1 and "PKG-INFO" in each.name)
        told = archive.extractfile(member)
        assert told is not None
        assert told.read() == raw
    found = Metadata.from_email(raw, validate=True)  # raises all that does not fit, as the index would
    assert (found.name, str(found.requires_python), found.license_expression) == ("filterviz-widget", ">=3.11", "MIT")
    assert found.license_files == ["LICENSE"]
    assert found.description_content_type == "text/markdown"
    assert found.description == (REPOSITORY / "README.md").read_text("utf-8")
    assert {"notebook", "ray", "docs"} <= set(found.provides_extra or [])
    assert set(found.classifiers or []) <= classifiers
    minors = {int(each.rpartition(".")[2]) for each in found.classifiers or [] if ":: Python :: 3." in each}
    assert minors == {11, 12, 13}
    assert message_from_bytes(raw)["Metadata-Version"] >= "2.4"  # of licences as expressions


def test_the_version_stands_in_one_place() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    said = re.search(r'^version = "(.+)"$', (REPOSITORY / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert said
    here = re.compile(rf"""^\W*_*version\W+["']?{re.escape(said[1])}\b""", re.MULTILINE)
    found = [
        name
        for name in files.splitlines()
        if Path(name).suffix in {".toml", ".py", ".json", ".cff"}
        and (REPOSITORY / name).is_file()
        and here.search((REPOSITORY / name).read_text("utf-8"))
    ]
    assert [name for name in found if "lock" not in name] == ["pyproject.toml"]
    changes = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## (\S+)", changes, re.MULTILINE)[1] == said[1]  # type: ignore[index]
