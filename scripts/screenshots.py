"""Takes the pictures of README and documentation in a real JupyterLab, so that they stay true: `make screenshots`."""

import argparse
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from scripts.film import Film, Hand
from scripts.find_chromium import HELP, find_chromium
from tests.browser.lab import REPOSITORY, Kernel, Lab, Notebook

DOCS = REPOSITORY / "docs"
PICTURES = DOCS / "pictures"
QUALITY = 82

WAIT = "[each.figure(300) for each in [{name}] if each.status != 'error']"
"""Waits for the picture of an explorer and for its panels."""

CELLS = {
    "hand": """
from filterviz_widget import FilterExplorer
from filterviz_widget.demo import flower_model

explorer = FilterExplorer(flower_model(), layer="conv3", filter=12)
explorer
""",
    "trained": f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
import skimage.data
from filterviz_widget import FilterExplorer
from tests.trained.network import vgg16

vgg = vgg16()
trained = FilterExplorer(
    vgg.model, preprocess="caffe", layer="block4_conv2", filter=12, method="robust", photo=skimage.data.coffee(),
    images=vgg.photographs.astype("uint8"), panels=["kernel", "strongest", "map", "photo"],
)
trained
""",
    "signal": """
import keras
import numpy as np

steps, random = np.arange(256) / 256, np.random.default_rng(0)
pitch = random.integers(0, 4, 800)
turns = 2 * np.pi * (np.array([4, 9, 16, 28])[pitch, None] * steps + random.random((800, 1)))
tones = (np.sin(turns) + 0.2 * random.standard_normal(turns.shape))[..., None].astype("float32")
net = keras.Sequential([
    keras.Input((256, 1)),
    keras.layers.Conv1D(8, 15, activation="relu", name="waves"),
    keras.layers.MaxPooling1D(2),
    keras.layers.Conv1D(16, 9, activation="relu", name="tones"),
    keras.layers.GlobalAveragePooling1D(),
    keras.layers.Dense(4),
])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
net.compile("adam", loss, metrics=["accuracy"])
net.fit(tones, pitch, epochs=10, verbose=0)
signals = FilterExplorer(
    net, layer="tones", filter=3, images=tones[:200], photo=tones[0], input_range=(-2, 2), iterations=60,
    panels=["kernel", "strongest", "map"],
)
signals
""",
    "history": """
from filterviz_widget import FilterHistory
from filterviz_widget.demo import flowers

x, y = flowers(680, size=48)
net = keras.Sequential([
    keras.Input((48, 48, 3)),
    keras.layers.Conv2D(16, 7, activation="elu", name="edges"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 5, activation="elu", name="petals"),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(17),
])
net.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
history = FilterHistory(probe=(x[:64], y[:64]), input_range=(0, 1))
net.fit(x, y, epochs=24, callbacks=[history], verbose=0)
shown = history.widget()
shown.layer, shown.filter, shown.epoch = "edges", 3, 24
history
""",
    "atlas": """
from filterviz_widget import Atlas
from filterviz_widget.demo import bundled_flowers

atlas = Atlas.make(
    flower_model(), "flower_atlas", layers=["conv1", "conv2", "conv3"], images=bundled_flowers()[0], facets=2,
    workers=0, wait=True, progress=False,
)
atlas
""",
    "handout": """
explorer.layer, explorer.filter = "conv3", 12
explorer.to_html(
    "lesson.html", layers=["conv2", "conv3"], filters=range(8, 16), title="What does a filter see?"
)
""",
}
"""What the pictures are taken of; a cell may need what those before it made."""


def saved(image: bytes, path: Path, width: int = 0) -> None:
    """Writes a screenshot as WebP, of that width where one is given."""
    picture = Image.open(io.BytesIO(image)).convert("RGB")
    if width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.save(path, "WEBP", quality=QUALITY, method=6)
    print(
        f"{path.relative_to(REPOSITORY)}: {picture.width} x {picture.height}, {path.stat().st_size // 1000} kB",
        flush=True,
    )


class Studio:
    """The notebook with a cell for each scene, each run when it is first needed."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        cells = [
            {
                "cell_type": "code",
                "id": name,
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source.strip(),
            }
            for name, source in CELLS.items()
        ]
        kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = {"cells": cells, "metadata": {"kernelspec": kernelspec}, "nbformat": 4, "nbformat_minor": 5}
        (folder / "notebooks").mkdir()
        path = folder / "notebooks" / "scenes.ipynb"
        path.write_text(json.dumps(content), "utf-8")
        settings = folder / "jupyterlab_settings" / "@jupyterlab"
        (settings / "notebook-extension").mkdir(parents=True)
        (settings / "notebook-extension" / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
        self.folder, self.browser = folder, browser
        self.lab = Lab(folder, path)
        self.context = browser.new_context(viewport={"width": 1120, "height": 1700}, color_scheme="light")
        self.notebook = Notebook(self.context.new_page(), self.lab.address)
        self.page = self.notebook.page
        self.page.keyboard.press("Control+B")  # the file browser's room goes to the notebook
        self.kernel: Kernel = self.lab.kernel()
        self._run: set[str] = set()

    def close(self) -> None:
        """Ends the server and its kernel."""
        self.kernel.close()
        self.context.close()
        self.lab.close()

    def run(self, *names: str) -> Any:
        """Runs cells that were not run before; returns the widget below the last."""
        for name in names:
            if name not in self._run:
                self.notebook.run(list(CELLS).index(name), timeout=1200)
                self._run.add(name)
        return self.notebook.cell(list(CELLS).index(names[-1])).locator(".filterviz")

    def still(self, path: Path, *names: str, wait: str = "", window: int = 1120) -> None:
        """A picture of the widget of the last of these cells, once it is finished, in a window of that width."""
        self.page.set_viewport_size({"width": window, "height": 1800})
        root = self.run(*names)
        if wait:
            self.kernel(f"len({WAIT.format(name=wait)})", timeout=600)
        self.page.wait_for_timeout(2500)
        root.scroll_into_view_if_needed()
        saved(root.screenshot(animations="disabled", caret="hide"), path, round(0.8 * window))


def hand_scene(studio: Studio) -> None:
    """The explorer under a hand: filter, layer, and the way of a picture."""
    studio.page.bring_to_front()
    studio.page.set_viewport_size({"width": 1120, "height": 1060})
    root = studio.run("hand")
    for layer in ("conv4", "conv5", "conv3"):  # each compiled once, as after some minutes of use
        studio.kernel(f"setattr(explorer, 'layer', {layer!r})", timeout=300)
        studio.kernel("explorer.filter", before="explorer.filter = 12; explorer.wait(300)", timeout=300)
    page = studio.page
    page.locator(".jp-WindowedPanel-outer, .jp-Notebook").first.evaluate("each => each.scrollTo(0, 0)")
    box = root.bounding_box()
    assert box
    film = Film(page, (0, box["y"] - 112, 1120, 880))
    mouse = Hand(page)

    def thumb(name: str) -> tuple[float, float]:
        track = root.get_by_role("slider", name=name, exact=True)
        place = track.bounding_box()
        assert place
        share = float(track.evaluate("each => (each.value - each.min) / (each.max - each.min)"))
        return place["x"] + 8 + share * (place["width"] - 16), place["y"] + place["height"] / 2

    mouse.to(700, 600)
    film.begin()
    mouse.rest(0.6)
    mouse.to(*thumb("Filter"))
    mouse.drag(by=110, seconds=3.0)
    mouse.rest(0.8)
    mouse.to(*thumb("Layer"))
    mouse.drag(by=120, seconds=0.8)
    mouse.rest(1.6)
    mouse.to(*thumb("Filter"))
    mouse.drag(by=-90, seconds=1.6)
    mouse.rest(1.4)
    line = root.get_by_role("slider", name="Iteration", exact=True).bounding_box()
    assert line
    mouse.to(line["x"] + line["width"] - 4, line["y"] + line["height"] / 2)
    mouse.drag(by=-line["width"] + 10, seconds=1.6)
    mouse.rest(0.3)
    mouse.drag(by=line["width"] - 10, seconds=1.6)
    mouse.rest(1.0)
    film.save(PICTURES / "hand.webp")


def handout_scene(studio: Studio) -> None:
    """The page that is handed out, on a telephone in the dark."""
    studio.run("hand", "handout")
    context = studio.browser.new_context(
        viewport={"width": 400, "height": 780}, color_scheme="dark", device_scale_factor=2
    )
    page = context.new_page()
    page.goto((studio.folder / "notebooks" / "lesson.html").as_uri())
    page.wait_for_timeout(1500)
    saved(page.screenshot(), PICTURES / "handout.webp", 400)
    context.close()


def atlas_scene(studio: Studio) -> None:
    """A layer of an atlas, from the disk."""
    studio.run("hand", "atlas")
    context = studio.browser.new_context(viewport={"width": 1120, "height": 760})
    page = context.new_page()
    page.goto((studio.folder / "notebooks" / "flower_atlas" / "index.html").as_uri() + "#conv3")
    page.wait_for_timeout(2500)
    saved(page.screenshot(), PICTURES / "atlas.webp", 900)
    context.close()


SCENES: dict[str, Callable[[Studio], None]] = {
    "hand": hand_scene,
    "explorer": lambda studio: studio.still(DOCS / "explorer.webp", "trained", wait="trained", window=1500),
    "signal": lambda studio: studio.still(PICTURES / "signal.webp", "hand", "signal", wait="signals"),
    "history": lambda studio: studio.still(PICTURES / "history.webp", "hand", "signal", "history"),
    "atlas": atlas_scene,
    "handout": handout_scene,
}


def main() -> None:
    """Takes the pictures that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", choices=[[], *SCENES], default=[])
    chosen = parser.parse_args().scenes or list(SCENES)
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(HELP)
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="scenes-") as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        studio = Studio(browser, Path(folder))
        try:
            for name in chosen:
                SCENES[name](studio)
        finally:
            studio.close()
            browser.close()


if __name__ == "__main__":
    main()
