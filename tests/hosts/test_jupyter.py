"""The widgets in Notebook 7 and Voila, which one Jupyter server serves."""

import json
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, View
from tests.hosts.hands import expect_first_picture, expect_looks, expect_rest, storm, watch_training

SETUP, EXPLORER, HISTORY, FIT = range(4)


def address(jupyter: Lab, path: str) -> str:
    server, _, token = jupyter.address.partition("/lab")
    return f"{server}/{path}?token={token.partition('token=')[2]}"


def expect_kernel(page: Page) -> None:
    """Notebook 7 has its kernel; whoever runs a cell before is asked to choose one, in a dialog."""
    name = page.locator(".jp-Toolbar-kernelName")
    expect(name).to_contain_text("Python 3", timeout=120_000)  # "No Kernel" at first, and "idle" even then
    expect(page.locator('[data-status="idle"]').first).to_be_attached(timeout=120_000)


def run(page: Page, place: int) -> None:
    """Has a cell of Notebook 7 run, and returns when it began to."""
    prompt = page.locator(".jp-CodeCell").nth(place).locator(".jp-InputPrompt").first
    before = prompt.inner_text()
    until = time.monotonic() + 90
    while prompt.inner_text() == before:  # it drops what comes while it connects
        assert time.monotonic() < until
        page.locator(".jp-CodeCell").nth(place).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(1000)


def expect_over(page: Page, place: int) -> None:
    prompt = page.locator(".jp-CodeCell").nth(place).locator(".jp-InputPrompt").first
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=120_000)


def test_notebook_7_shows_pictures_follows_a_training_and_runs_cells_again(
    jupyter: Lab, open_page: Callable[..., Page], ask: Callable[[str, str], Any]
) -> None:
    page = open_page(address(jupyter, "notebooks/notebook.ipynb"), color_scheme="dark")
    asked = lambda expression: ask("notebook", expression)  # noqa: E731
    expect_kernel(page)
    for place in (SETUP, EXPLORER):
        run(page, place)
        expect_over(page, place)
    view = View(page.locator(".jp-CodeCell").nth(EXPLORER).locator(".filterviz"))
    expect_first_picture(view)
    expect_looks(view.root, "light")  # Notebook's, and not the system's
    storm(view, asked)

    run(page, HISTORY)
    expect_over(page, HISTORY)
    run(page, FIT)
    watch_training(page.get_by_role("group", name="Training history"), asked)
    expect_over(page, FIT)

    memory = []
    for _ in range(5):
        run(page, EXPLORER)
        expect_over(page, EXPLORER)
        expect_first_picture(view)
        expect(view.root).to_have_count(1)
        memory.append(asked("__import__('psutil').Process().memory_info().rss"))
    expect_rest(asked)
    assert memory[-1] < memory[1] + 20e6


def end_kernels(jupyter: Lab) -> None:
    for kernel in json.load(urllib.request.urlopen(address(jupyter, "api/kernels"))):
        request = urllib.request.Request(address(jupyter, f"api/kernels/{kernel['id']}"), method="DELETE")
        urllib.request.urlopen(request).close()


def test_voila_shows_pictures_follows_a_training_and_keeps_them_when_its_kernel_has_ended(
    jupyter: Lab, open_page: Callable[..., Page], ask: Callable[[str, str], Any]
) -> None:
    page = open_page(address(jupyter, "voila/render/voila.ipynb") + "&theme=dark", color_scheme="light")
    asked = lambda expression: ask("voila", expression)  # noqa: E731
    view = View(page.get_by_role("group", name="Filter explorer"))
    expect_first_picture(view)
    expect_looks(view.root, "dark")
    storm(view, asked)
    page.get_by_role("button", name="Train", exact=True).click()
    watch_training(page.get_by_role("group", name="Training history"), asked)

    last = view.picture.get_attribute("src") or ""
    end_kernels(jupyter)
    view.slider("Filter").press("ArrowRight")
    silence = re.compile("No answer from the kernel so far|Not connected to a kernel")
    expect(view.root.locator(".filterviz-messages")).to_contain_text(silence, timeout=20_000)
    expect(view.picture).to_have_attribute("src", last)
    view.slider("Iteration").press("Home")
    expect(view.picture).not_to_have_attribute("src", last)


def test_voilas_classic_template_gives_a_row_of_widgets_their_width(
    jupyter: Lab, open_page: Callable[..., Page], ask: Callable[[str, str], Any]
) -> None:
    page = open_page(address(jupyter, "voila/render/classic.ipynb") + "&template=classic")
    view = View(page.get_by_role("group", name="Filter explorer"))
    expect_first_picture(view)
    assert view.root.evaluate("root => root.offsetWidth") >= 640
    expect_looks(view.root, "light")
    storm(view, lambda expression: ask("classic", expression))
