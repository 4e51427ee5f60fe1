"""A training run watched in a real JupyterLab: epochs appear, sliders work while fit runs, and it plays afterwards."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import PLACES
from tests.browser.lab import Kernel, Lab, Notebook, View

LAST = 9
"""Epochs that the cells train."""


@pytest.fixture
def root(notebook: Notebook, view: View, kernel: Kernel) -> Locator:
    """The widget, in the cell above the one that trains."""
    kernel("None", before="import keras")
    notebook.run(PLACES["history"])
    return notebook.cell(PLACES["history"]).locator(".filterviz")


@pytest.fixture
def expect_epoch(root: Locator) -> Callable[[int], None]:
    def expect_epoch(number: int) -> None:
        picture = root.get_by_role("img", name="What filter")
        expect(picture).to_have_accessible_name(
            f"What filter 0 of layer eyes responds to, epoch {number}", timeout=20_000
        )

    return expect_epoch


def test_epochs_appear_and_the_slider_works_while_fit_runs_and_play_goes_through_them_afterwards(
    root: Locator, expect_epoch: Callable[[int], None], lab: Lab, notebook: Notebook, kernel: Kernel
) -> None:
    epoch = root.get_by_role("slider", name="Epoch", exact=True)
    expect(epoch).to_have_attribute("max", "1", timeout=30_000)
    epoch.press("End")
    expect_epoch(1)

    notebook.start(PLACES["fit"])
    expect(epoch).to_have_attribute("max", "2", timeout=60_000)
    expect_epoch(2)  # who looks at the newest goes on to see the newest
    epoch.press("Home")
    expect_epoch(0)
    for number in (1, 2):
        epoch.press("ArrowRight")
        expect_epoch(number)
    epoch.press("Home")
    assert notebook.prompt(PLACES["fit"]) == "[*]:", "nothing of this waited for the end of training"

    lab.let_go("fit")
    expect(epoch).to_have_attribute("max", str(LAST), timeout=60_000)
    notebook.wait_until_idle()
    expect_epoch(0)  # who looks at another stays there
    root.get_by_role("button", name="Play").click()
    expect_epoch(LAST)
    expect(root.get_by_role("button", name="Play")).to_be_visible()
    assert kernel("history.widget().epoch, history.widget().error") == (LAST, "")
    kernel("None", before="history.close()")
    expect(root).to_have_count(0)
