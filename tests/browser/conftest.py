"""One JupyterLab, one page and one kernel for all browser tests; any error in the page's console fails them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import REPOSITORY, Kernel, Lab, Notebook, View

HELD = (
    "import pathlib, time\n"
    "def hold(name):\n"
    "    until = time.monotonic() + 120\n"
    "    while not pathlib.Path(name).exists() and time.monotonic() < until:\n"
    "        time.sleep(0.05)\n"
)
"""For cells that are busy until a test lets go of them (`Lab.let_go`), or two minutes have passed."""

CELLS = {
    "again": "explorer",
    "rerun": "shown = FilterExplorer(model, layer='conv2')\nshown",
    "busy": HELD + "hold('busy')",
    "drops": (
        "import threading\n"
        "dropping = FilterExplorer(model, layer='conv2')\n"
        "here, main = threading.local(), threading.main_thread()\n"
        "def handle(message, then=dropping.comm.handle_msg):\n"
        "    here.handles = True\n"
        "    try:\n"
        "        then(message)\n"
        "    finally:\n"
        "        here.handles = False\n"
        "def send(*arguments, then=dropping.comm.send, **options):\n"
        "    if getattr(here, 'handles', False) or threading.current_thread() is main:\n"
        "        then(*arguments, **options)\n"
        "    else:\n"
        "        lost.append(arguments)\n"
        "lost = []\n"
        "dropping.comm.handle_msg, dropping.comm.send = handle, send\n"
        "dropping"
    ),
    "row": "import ipywidgets\nrow = FilterExplorer(model, layer='conv2')\nipywidgets.HBox([row])",
    "broken": (
        "import keras, numpy\n"
        "bad = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(2, 3, name='bad')])\n"
        "bad.set_weights([numpy.full(weight.shape, numpy.nan) for weight in bad.get_weights()])\n"
        "broken = FilterExplorer(bad, input_range=(0, 1))\n"
        "broken"
    ),
    "atlas": (
        "from filterviz_widget import Atlas\n"
        "from filterviz_widget.demo import bundled_flowers, flower_model\n"
        "atlas = Atlas.make(flower_model(), 'lab_atlas', layers=['conv1', 'conv2'], images=bundled_flowers()[0][:20],\n"
        "    iterations=4, facets=2, workers=0)\n"
        "atlas"
    ),
    "history": (
        "import numpy\n"
        "from filterviz_widget import FilterHistory\n"
        "from filterviz_widget.demo import flowers\n"
        "x, y = flowers(34, size=24)\n"
        "net = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Conv2D(4, 5, name='eyes'),\n"
        "    keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(17, activation='softmax')])\n"
        "net.compile('adam', 'sparse_categorical_crossentropy')\n"
        "history = FilterHistory(probe=(x, y), filters=range(3), iterations=3, input_range=(0, 1))\n"
        "net.fit(x, y, epochs=1, callbacks=[history], verbose=0)\n"
        "history"
    ),
    "fit": (
        HELD + "wait = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: hold('fit'))\n"
        "net.fit(x, y, epochs=8, callbacks=[history, wait], verbose=0);"
    ),
}
"""Cells that the tests put behind the quickstart's first."""

PLACES = {"quickstart": 0, **{name: place for place, name in enumerate(CELLS, 1)}}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    notebook = json.loads((REPOSITORY / "notebooks" / "quickstart.ipynb").read_text("utf-8"))
    notebook["cells"][2:2] = [
        {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for name, source in CELLS.items()
    ]
    path: Path = folder / "notebooks" / "quickstart.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")
    running = Lab(folder, path)
    yield running
    running.close()


@pytest.fixture(scope="session")
def complaints() -> list[str]:
    """What the page's console called an error."""
    return []


@pytest.fixture(scope="session")
def notebook(lab: Lab, browser: Browser, complaints: list[str]) -> Iterator[Notebook]:
    # High enough for every cell that is used: JupyterLab takes outputs that are out of sight out of the page.
    context = browser.new_context(viewport={"width": 1280, "height": 3200})
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"pageerror: {error}"))
    page.on("console", lambda line: complaints.append(f"console: {line.text}") if line.type == "error" else None)
    yield Notebook(page, lab.address)
    context.close()


@pytest.fixture(scope="session")
def opened(notebook: Notebook) -> View:
    """The explorer of the quickstart's second cell, run once."""
    notebook.run(PLACES["quickstart"])
    view = View(notebook.cell(PLACES["quickstart"]).locator(".filterviz"))
    view.root.locator("summary").filter(has_text="Settings").click()
    return view


@pytest.fixture(scope="session")
def session_kernel(lab: Lab, opened: View) -> Iterator[Kernel]:
    kernel = lab.kernel()
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(session_kernel: Kernel) -> Kernel:
    return session_kernel


@pytest.fixture
def view(opened: View, kernel: Kernel) -> View:
    """The same explorer, brought back to where the quickstart begins."""
    kernel(
        "None",
        before="explorer.method, explorer.options = 'classic', explorer.presets['classic']['options']\n"
        "explorer.layer, explorer.filter, explorer.step_size, explorer.iterations, explorer.seed"
        " = 'conv3', 0, 1.0, 20, 0\nexplorer.wait(60)",
    )
    opened.expect_picture("conv3", 0)
    opened.expect_words("Done · 20 of 20")
    return opened


@pytest.fixture(autouse=True)
def quiet_console(request: pytest.FixtureRequest, complaints: list[str]) -> Iterator[None]:
    complaints.clear()
    yield
    assert complaints == []


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """The restart of the kernel, which the tests share, comes last."""
    items.sort(key=lambda item: "restart" in item.name)
