"""What the site's pages are made of: a notebook as it was stored, the live figure, and what becomes of links."""

import base64
import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from PIL import Image

from filterviz_widget import ablate, visualize_filter
from filterviz_widget.demo import SPECIES, bundled_flowers, flower_model
from scripts.pages import examples, hook, lesson, notebook

WRITTEN = io.BytesIO()
Image.new("RGB", (3, 2)).save(WRITTEN, "png")
DOT = base64.b64encode(WRITTEN.getvalue()).decode()
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}


def stored(folder: Path, *outputs: Any) -> notebook.Notebook:
    cells = [
        nbformat.v4.new_markdown_cell(
            "# What it is\n\nIt shows `this`, with [a link](https://example.org).\n\n## More"
        ),
        nbformat.v4.new_code_cell("print(1)", outputs=list(outputs)),
        nbformat.v4.new_code_cell(""),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "mine.ipynb")
    return notebook.read(folder / "mine.ipynb")


def test_a_notebook_becomes_text_code_and_what_the_cells_showed(tmp_path: Path) -> None:
    made = stored(
        tmp_path,
        nbformat.v4.new_output("stream", name="stdout", text="\x1b[1m1 < 2\x1b[0m\n"),
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("display_data", {"image/png": DOT, "text/plain": "<Figure>", **WIDGET}),
    )
    assert (made.name, made.title, made.about) == ("mine", "What it is", "It shows this, with a link.")
    assert made.files == {"mine-1.png": WRITTEN.getvalue()}
    assert "```python\nprint(1)\n```" in made.page
    assert ">1 &lt; 2</pre>" in made.page
    assert '](mine-1.png){ .output loading="lazy" width="3" height="2" }' in made.page
    assert "](mine.ipynb){" in made.page
    assert "warning" not in made.page
    assert "<Figure>" not in made.page
    assert made.page.count("```python") == 1


def test_a_widget_without_a_still_picture_promises_nothing(tmp_path: Path) -> None:
    made = stored(tmp_path, nbformat.v4.new_output("display_data", {"text/plain": "FilterExplorer()", **WIDGET}))
    assert "run the notebook" in made.page
    assert made.files == {}


def test_what_went_wrong_in_a_cell_is_shown(tmp_path: Path) -> None:
    error = nbformat.v4.new_output(
        "error", ename="ValueError", evalue="no", traceback=["\x1b[31mValueError\x1b[0m: no"]
    )
    assert "ValueError: no</pre>" in stored(tmp_path, error).page


def test_without_an_atlas_the_page_says_how_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "ATLAS", tmp_path)
    config: Any = SimpleNamespace(site_dir=str(tmp_path / "site"))
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="flower-atlas.md"))
    nothing: Any = None
    shown = hook.on_page_markdown("<!-- made: flower_atlas -->", page, config, nothing)
    assert "make docs" in shown
    assert "iframe" not in shown
    hook.on_post_build(config)
    assert not (tmp_path / "site").exists()
    (tmp_path / "index.html").write_text("an atlas")
    shown = hook.on_page_markdown("<!-- made: flower_atlas -->", page, config, nothing)
    source = re.search(r'<iframe src="([^"]+)"', shown)
    hook.on_post_build(config)
    assert source
    assert (tmp_path / "site" / source[1]).read_text() == "an atlas"


def test_links_out_of_the_documentation_lead_to_their_place_in_the_site() -> None:
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="hosts.md"))
    nothing: Any = None
    text = "See [it](../notebooks/whole.ipynb), [this](../README.md) and [that](models.md#a)."
    made = hook.on_page_markdown(text, page, nothing, nothing)
    assert made == "See [it](gallery/whole.md), this and [that](models.md#a)."


def test_examples_in_docstrings_are_read_as_code() -> None:
    documented: Any = SimpleNamespace(docstring=SimpleNamespace(value="Does.\n\nExample:\n\n>>> it()\n3\n"))
    examples.Examples().on_instance(obj=documented)
    assert documented.docstring.value == "Does.\n\nExamples:\n    >>> it()\n    3\n"


def test_the_lesson_says_what_comes_out_of_its_tasks() -> None:
    """Of two of them; all are done by scripts/lesson_pictures.py."""
    kept = lesson.kept()
    made = visualize_filter(flower_model(), "conv4", 21)
    assert float(kept["figures"]["start"]) == pytest.approx(made.activations[0], rel=0.02)
    assert float(kept["rows"]["forming"][3]["words"].split()[-1]) == pytest.approx(made.activations[-1], rel=0.02)
    names = [species.name for species in SPECIES]
    changes = ablate(flower_model(), "conv5", 47, *bundled_flowers(), class_names=names).by_class()
    before, after = next(each[2:] for each in changes if each[0] == "daffodil")
    said = [float(figure) for figure in kept["figures"]["daffodil without 47"].split(" to ")]
    assert said == pytest.approx([before, after], abs=0.01)
