"""Every notebook runs from top to bottom, and shows its widget."""

import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"


def test_there_are_notebooks() -> None:
    assert FOLDER / "quickstart.ipynb" in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_without_an_error(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("FLOWERS", "17")  # of training.ipynb: one of each species
    work = tmp_path / "work"
    shutil.copytree(FOLDER, work, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(work)}}
    )
    client.execute()  # raises what a cell raises

    outputs = {cell.id: cell.get("outputs", []) for cell in notebook.cells}
    assert [output for found in outputs.values() for output in found if output.output_type == "error"] == []
    shown = [data for found in outputs.values() for output in found for data in output.get("data", {})]
    assert WIDGET in shown
    if path.stem == "quickstart":
        assert notebook.cells[1].cell_type == "code"
        assert any(WIDGET in output.get("data", {}) for output in notebook.cells[1].outputs)
    if path.stem == "training":
        assert shown.count("image/png") == 3  # kernels twice, and the pictures over the epochs
        text = "".join(output.text for found in outputs.values() for output in found if "text" in output)
        assert "5 records of 16 gradients" in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_stored_without_outputs_and_names_its_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    # Without it JupyterLab asks which kernel to use.
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count] == []
