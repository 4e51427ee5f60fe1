"""A training run watched in a real JupyterLab: it fills in while fit runs, and plays afterwards."""

from playwright.sync_api import expect

from tests.browser.conftest import PLACES
from tests.browser.lab import Kernel, Notebook, View


def test_epochs_appear_while_fit_runs_and_play_goes_through_them_afterwards(
    notebook: Notebook, view: View, kernel: Kernel
) -> None:
    kernel("None", before="import keras")
    notebook.run(PLACES["history"])
    root = notebook.cell(PLACES["history"]).locator(".filterviz")
    epoch = root.get_by_role("slider", name="Epoch", exact=True)
    picture = root.get_by_role("img", name="What filter")

    def expect_epoch(number: int) -> None:
        expect(picture).to_have_accessible_name(
            f"What filter 0 of layer eyes responds to, epoch {number}", timeout=20_000
        )

    expect(epoch).to_have_attribute("max", "1", timeout=30_000)
    epoch.press("End")
    expect_epoch(1)

    notebook.start(PLACES["fit"])
    expect(epoch).to_have_attribute("max", "3", timeout=60_000)
    assert notebook.prompt(PLACES["fit"]) == "[*]:", "the cell is still running"

    expect(epoch).to_have_attribute("max", "9", timeout=60_000)
    notebook.wait_until_idle()
    expect_epoch(9)  # who looks at the newest goes on to see the newest
    epoch.press("Home")
    expect_epoch(0)
    root.get_by_role("button", name="Play").click()
    expect_epoch(9)
    expect(root.get_by_role("button", name="Play")).to_be_visible()
    assert kernel("history.widget().epoch") == 9
    kernel("None", before="history.close()")
    expect(root).to_have_count(0)
