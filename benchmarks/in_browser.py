"""A notebook of given cells in a real JupyterLab in a real browser, and what the times of moves come to."""

import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from scripts.find_chromium import find_chromium
from tests.browser.lab import Lab, Notebook

Moves = list[tuple[float, float]]
"""Of each move: milliseconds to the first frame, and to the whole picture."""


@contextmanager
def opened(*cells: str, height: int) -> Iterator[Notebook]:
    """Opens a notebook in a window of so many pixels' height, as wide as a laptop's."""
    with opened_in_lab(*cells, height=height) as (notebook, _):
        yield notebook


@contextmanager
def opened_in_lab(*cells: str, height: int) -> Iterator[tuple[Notebook, Lab]]:
    """The same, with its server."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "measured.ipynb"
        path.write_text(json.dumps(_notebook(*cells)), "utf-8")
        lab = Lab(Path(folder), path)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
                yield (
                    Notebook(browser.new_context(viewport={"width": 1366, "height": height}).new_page(), lab.address),
                    lab,
                )
                browser.close()
        finally:
            lab.close()


def summary(moves: Moves) -> dict[str, Any]:
    """Median and 95th percentile of both times."""
    return {
        name: {"median": statistics.median(times), "95 %": percentile(times), "moves": len(times)}
        for name, times in zip(("first frame ms", "whole picture ms"), map(list, zip(*moves, strict=True)), strict=True)
    }


def percentile(times: list[float]) -> float:
    """The 95th."""
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


def _notebook(*cells: str) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{place}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for place, source in enumerate(cells)
        ],
    }
