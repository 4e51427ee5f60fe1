"""The quick notebooks run from top to bottom and show their widget; all are stored with what they showed."""

import base64
import io
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from jupyter_client.manager import KernelManager
from PIL import Image

from scripts.stored_notebook import LARGEST, WIDGET, Still, stored
from tests.docs.test_pages import wrong

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

BETWEEN = """%reset -f
import gc, keras, ipywidgets
ipywidgets.Widget.close_all()
keras.utils.clear_session()
gc.collect();"""
"""What makes room for the next notebook in the same kernel, which need not import TensorFlow again."""


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelManager]:
    """One kernel for all notebooks, in a folder with a copy of them."""
    folder = tmp_path_factory.mktemp("notebooks")
    work = folder / "work"
    shutil.copytree(FOLDER, work, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "flower_atlas"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        patch.setenv("FLOWERS", "17")  # of training.ipynb: one of each species
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=str(work), env=dict(os.environ))
        yield manager
        manager.shutdown_kernel(now=True)


def executed(notebook: Any, manager: KernelManager) -> None:
    """Runs the cells in the kernel; raises what a cell raises."""
    client = nbclient.NotebookClient(notebook, km=manager, timeout=240)
    client.execute()


LONG = {"adversarial", "dead_filters", "fine_tuning", "public_model"}
"""Take most of a minute each, and are run by `make notebooks`."""

# The quickstart leaves processes behind that make an atlas: it is the last.
RUN = sorted((path for path in NOTEBOOKS if path.stem not in LONG), key=lambda path: path.stem == "quickstart")


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.stem)
def test_the_notebook_runs_without_an_error(path: Path, manager: KernelManager) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    executed(notebook, manager)

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
    executed(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BETWEEN)]), manager)


@pytest.mark.parametrize("name", sorted(LONG))
def test_what_a_long_notebook_names_of_the_package_is_there(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "filterviz_widget" in code
    assert wrong(code) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestStored:
    """What a reader sees who runs nothing."""

    def test_it_names_its_kernel_and_keeps_no_state_of_widgets(self, path: Path) -> None:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        # Without it JupyterLab asks which kernel to use.
        assert notebook.metadata.kernelspec.name == "python3"
        assert set(notebook.metadata) == {"kernelspec", "language_info"}
        assert [cell.id for cell in notebook.cells if set(cell.metadata) - {"tags"}] == []

    def test_its_first_cell_says_what_it_needs(self, path: Path) -> None:
        first = nbformat.read(path, as_version=4).cells[0]
        assert first.cell_type == "markdown"
        assert re.search(r"\*\*Needs\*\* `pip install .*filterviz-widget", first.source)
        assert re.search(r"(second|minute)s?\s+on\s+two\s+cores", first.source)

    def test_every_cell_has_run_in_order_without_an_error_or_a_warning(self, path: Path) -> None:
        code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
        outputs = [output for cell in code for output in cell.outputs]
        assert [each for each in outputs if each.output_type == "error" or each.get("name") == "stderr"] == []

    def test_a_widget_is_a_small_picture_with_words_and_never_a_model_that_is_not_there(self, path: Path) -> None:
        code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        shown = [output for cell in code for output in cell.outputs if "data" in output]
        assert [output for output in shown if WIDGET in output.data] == []
        stills = [output for output in shown if output.metadata.get("image/png", {}).get("alt")]
        assert stills
        for output in stills:
            with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as image:
                assert image.width > 400
                assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 20, "it shows more than an empty frame"
        pictures = [base64.b64decode(output.data["image/png"]) for output in shown if "image/png" in output.data]
        assert max(map(len, pictures)) <= LARGEST

    def test_no_output_tells_of_the_machine_or_of_addresses_in_memory(self, path: Path) -> None:
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                words = str({**output, "data": {**output.get("data", {}), "image/png": ""}})
                assert not re.search(r"0x[0-9a-f]{6,}|/(home|root|tmp|work|Users|usr|var)/|site-packages", words), words


def test_the_notebooks_are_small_enough_to_be_looked_at_on_the_web() -> None:
    assert FOLDER / "quickstart.ipynb" in NOTEBOOKS
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 4_000_000


def cell(*outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "a",
        "metadata": {"execution": {"iopub.execute_input": "2026-01-01"}, "tags": ["still-at-end"]},
        "execution_count": 1,
        "source": "explorer",
        "outputs": list(outputs),
    }


def shown(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}


VIEW = shown({WIDGET: {"model_id": "1"}, "text/plain": "FilterExplorer: conv1"})


def png() -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").save(buffer, "PNG")
    return buffer.getvalue()


def test_the_picture_takes_the_place_of_the_widget_and_times_are_not_kept() -> None:
    kept = stored({"cells": [cell(VIEW)], "metadata": {"widgets": {"state": 1}}}, {"a": [Still(png(), "Filter 3")]})
    assert set(kept["metadata"]) == {"kernelspec", "language_info"}
    assert kept["cells"][0]["metadata"] == {"tags": ["still-at-end"]}
    (output,) = kept["cells"][0]["outputs"]
    assert set(output["data"]) == {"image/png", "text/plain"}
    assert output["metadata"] == {"image/png": {"alt": "Filter 3"}}
    with Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))) as image:
        assert image.size == (256, 256)


@pytest.mark.parametrize(
    ("outputs", "stills", "words"),
    [
        ([VIEW], [], "no picture of FilterExplorer"),
        ([], [Still(b"", "")], "more pictures of widgets than widgets"),
        ([{"output_type": "stream", "name": "stderr", "text": "UserWarning: slow"}], [], "UserWarning: slow"),
        ([{"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}], [], "ValueError"),
        ([shown({"text/plain": "Atlas in '/somewhere/atlas'"})], [], "shows /somewhere"),
    ],
)
def test_what_must_not_be_stored_is_refused(outputs: list[dict[str, Any]], stills: list[Still], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        stored({"cells": [cell(*outputs)], "metadata": {}}, {"a": stills}, ["/somewhere"])
