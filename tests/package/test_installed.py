"""The wheel in an environment of its own: everything can be imported, works, and `filterviz demo` starts it."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.package.conftest import REPOSITORY


def run(python: Path, program: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [python, "-I", "-c", program]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_draws_a_picture_without_node_and_without_the_checkout(installed, elsewhere, tmp_path: Path) -> None:
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
    done = run(installed, script, tmp_path, elsewhere)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["file"]).is_relative_to(installed.parents[1])
    assert str(REPOSITORY) not in found["path"]
    assert (found["npm"], found["shape"], found["page"]) == (None, [16, 16, 1], True)


def test_every_module_can_be_imported_without_the_extras(installed, elsewhere, tmp_path: Path) -> None:
    script = """
import importlib, pkgutil, sys
for name in ("jupyterlab", "pandas", "ray", "tf_keras", "mkdocs", "pytest", "scipy", "sklearn", "skimage"):
    sys.modules[name] = None  # whoever imports it gets an ImportError
import filterviz_widget
names = [each.name for each in pkgutil.walk_packages(filterviz_widget.__path__, "filterviz_widget.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
    done = run(installed, script, tmp_path, elsewhere)
    assert done.returncode == 0, done.stderr
    package = REPOSITORY / "filterviz_widget"
    assert int(done.stdout) == len(list(package.rglob("*.py"))) - 1  # that of the package itself


@pytest.mark.parametrize("name", ["filterviz", "filterviz-widget"])
def test_the_command_is_there_by_both_names(installed: Path, elsewhere, tmp_path: Path, name: str) -> None:
    command = [installed.with_name(name), "--version"]
    done = subprocess.run(command, cwd=tmp_path, env=elsewhere, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("filterviz 0.")


def test_the_demo_starts_with_all_notebooks_in_a_folder_of_its_own_and_overwrites_nothing(
    installed: Path, elsewhere, tmp_path: Path
) -> None:
    """The browser's tests run these notebooks."""
    mine = tmp_path / "filterviz-demo" / "whole.ipynb"
    mine.parent.mkdir()
    mine.write_text("mine")
    shared = Path(sysconfig.get_paths()["data"]) / "share" / "jupyter"  # JupyterLab's pages, of the libraries
    folders = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**elsewhere, **folders, "JUPYTERLAB_DIR": str(shared / "lab"), "JUPYTER_PATH": str(shared)}
    command = [installed.with_name("filterviz-widget"), "demo", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "127.0.0.1" in line and "quickstart.ipynb" in line)
        assert "token=" in said
        there = {path.name: path for path in mine.parent.iterdir()}
        notebooks = {path.name: path for path in (REPOSITORY / "notebooks").glob("*.ipynb")}
        assert set(notebooks) <= set(there)
        assert mine.read_text() == "mine"
        assert there["quickstart.ipynb"].read_bytes() == notebooks["quickstart.ipynb"].read_bytes()
    finally:
        process.kill()  # it may take its time over an orderly end
        process.communicate(timeout=30)


DEMO = "import sys; sys.modules['jupyterlab'] = None; import filterviz_widget.cli as c; sys.exit(c.main(['demo', *%r]))"


def test_without_jupyterlab_the_demo_says_how_to_get_it_and_copies_nothing(installed, elsewhere, tmp_path) -> None:
    done = run(installed, DEMO % [], tmp_path, elsewhere)
    assert done.returncode == 1
    assert 'pip install "filterviz-widget[notebook]"' in done.stderr
    assert 'uvx --from "filterviz-widget[notebook]" filterviz demo' in done.stderr
    assert not (tmp_path / "filterviz-demo").exists()


def test_under_uvx_the_demo_runs_itself_again_with_jupyterlab(installed, elsewhere, wheel, tmp_path) -> None:
    """Here with a program in uv's place, which would fetch gigabytes: it is asked where the cache is, then to run."""
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\n[ "$*" = "cache dir" ] && echo "{installed.parents[2]}" || printf "%s\\n" "$@"\n')
    uv.chmod(0o755)
    given = ["--folder", "my folder", "--no-browser"]
    done = run(installed, DEMO % given, tmp_path, {**elsewhere, "UV": str(uv)})
    assert done.returncode == 0, done.stderr
    expected = ["tool", "run", "--python", sys.base_prefix, "--from", f"filterviz-widget[notebook] @ {wheel.as_uri()}"]
    asked = done.stdout.splitlines()
    assert asked == [*expected, "filterviz", "demo", "--folder=my folder", "--port=8888", "--no-browser"]
    # An environment of the user's own is not left for another one.
    uv.write_text(f'#!/bin/sh\necho "{tmp_path}/cache"\n')
    own = run(installed, DEMO % given, tmp_path, {**elsewhere, "UV": str(uv)})
    assert (own.returncode, own.stdout) == (1, "")
