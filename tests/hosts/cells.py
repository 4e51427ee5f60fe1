"""The notebook that every host shows: an explorer, a training run, and a button that trains."""

import json
from pathlib import Path
from textwrap import indent

SETUP = """
import threading
from pathlib import Path
import keras
from filterviz_widget import FilterExplorer, FilterHistory
from filterviz_widget.demo import flower_model, flowers
from tests.hosts import peek
peek.serve(Path({socket!r}))
model = flower_model()
x, y = flowers(34, size=24)
net = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Conv2D(4, 5, name="eyes"),
    keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(17, activation="softmax")])
net.compile("adam", "sparse_categorical_crossentropy")
gate = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: peek.GATE.acquire(timeout=60))
"""

EXPLORER = """
explorer = FilterExplorer(model, layer="conv3", panels=["kernel"])
peek.show(explorer=explorer)
explorer
"""

HISTORY = """
history = FilterHistory(filters=range(3), iterations=3, input_range=(0, 1))
peek.show(history=history)
history
"""

FIT = "net.fit(x, y, epochs=4, callbacks=[history, gate], verbose=0);"

BUTTON = """
import ipywidgets
train = ipywidgets.Button(description="Train")
train.on_click(lambda _: net.fit(x, y, epochs=4, callbacks=[history, gate], verbose=0))
ipywidgets.HBox([train])
"""

MARIMO = [
    "import marimo as mo",
    EXPLORER,
    HISTORY,
    'train = mo.ui.run_button(label="Train")\ntrain',
    f"mo.stop(not train.value)\n{FIT}",
    'wrapped = mo.ui.anywidget(FilterExplorer(model, layer="conv2", panels=["kernel"]))\nwrapped',
    "mo.md(f\"dependent: {wrapped.filter}, {wrapped.wait(60).description.filter}, {wrapped.value['status']}\")",
]
"""The same for marimo, with an explorer on which another cell depends."""

ROW = "ipywidgets.HBox([explorer])"


def notebook(path: Path, cells: list[str]) -> None:
    """Writes a Jupyter notebook."""
    written = [
        {
            "cell_type": "code",
            "id": f"c{place}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for place, source in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    path.write_text(json.dumps({"cells": written, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


def marimo_app(path: Path, cells: list[str], theme: str) -> None:
    """Writes a marimo notebook that is to look light or dark."""
    settings = f'# /// script\n# [tool.marimo.display]\n# theme = "{theme}"\n# ///\n\n'
    functions = "".join(f"@app.cell\ndef _():\n{indent(cell.strip(), '    ')}\n    return\n\n\n" for cell in cells)
    path.write_text(
        f"{settings}import marimo\n\napp = marimo.App()\n\n\n{functions}if __name__ == '__main__':\n    app.run()\n"
    )
