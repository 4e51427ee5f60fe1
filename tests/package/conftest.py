"""One sdist, the wheel built from it without Node, and that wheel in an environment of its own, for all tests here."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest

import hatch_build

REPOSITORY = Path(__file__).parents[2]


def without_node(folder: Path) -> dict[str, str]:
    """An environment whose PATH leads to an empty folder, and that knows nothing of the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "MYPY"))}
    return {**kept, "PATH": str(folder)}


def released(pattern: str) -> Path | None:
    """The file that is to be released, where `DIST` names its folder."""
    if folder := os.environ.get("DIST"):
        (made,) = Path(folder).glob(pattern)
        return made
    return None


def build(target: str, source: Path, folder: Path) -> Path:
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    done = subprocess.run(command, cwd=source, env=without_node(empty), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if made := released("*.tar.gz"):
        return made
    hatch_build.build()  # so that the next step finds a fresh bundle and needs no Node
    return build("sdist", REPOSITORY, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if made := released("*.whl"):
        return made
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        # Python 3.11.2, Debian's, does not know the filter yet.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (source,) = folder.iterdir()
    os.utime(source / "js" / "src" / "views" / "explorer.ts")  # unpacking may leave any times
    return build("wheel", source, folder)


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and the libraries of this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, env=without_node(home))
    # A .pth file inside the other environment, such as the one that leads to the checkout, is not followed from there.
    (site,) = home.rglob("site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    return python


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """Variables of a shell in which there is no program at all."""
    empty = tmp_path / "empty"
    empty.mkdir()
    return without_node(empty)
