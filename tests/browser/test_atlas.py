"""An atlas in a real JupyterLab: it appears while it is made, and everything in it can be reached."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PLACES
from tests.browser.lab import Kernel, Notebook, View


def test_an_atlas_appears_in_its_cell_while_it_is_made(notebook: Notebook, view: View, kernel: Kernel) -> None:
    notebook.run(PLACES["atlas"])
    root = notebook.cell(PLACES["atlas"]).locator(".filterviz")
    title = root.get_by_role("heading", level=2)
    expect(title).to_have_text("flower_model")
    expect(root.get_by_role("button", name="Stop")).to_be_visible()
    expect(root).to_contain_text(re.compile(r"16 of 48"), timeout=30_000)
    root.get_by_role("region", name="Layers").get_by_role("button", name=re.compile("conv1")).click()
    expect(title).to_have_text("conv1")
    tile = root.get_by_role("gridcell").filter(has_text=re.compile("^5$"))
    tile.click()
    expect(title).to_have_text("conv15")
    optimum = root.get_by_alt_text("What filter 5 of layer conv1 responds to")
    expect(optimum).to_be_visible()
    assert optimum.evaluate("image => image.decode().then(() => image.naturalWidth)") == 96
    expect(root.get_by_role("region", name="Strongest").get_by_role("img")).to_have_count(9, timeout=60_000)
    root.get_by_role("region", name="Neighbours").get_by_role("button").first.click()
    expect(title).to_have_text(re.compile(r"^conv2\d+$"))
    root.get_by_role("button", name="Back").click()
    expect(title).to_have_text("conv15")
    assert kernel("atlas.wait(60), atlas.made, atlas._widget.state, atlas._widget.error") == (True, 48, "done", "")
    expect(root.get_by_role("button", name="Stop")).to_be_hidden()
