"""A link of 1 Mbit/s, a laptop asleep, a line that is cut: frames are left out, and the last picture arrives."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Kernel, Notebook, View
from tests.browser.page_states import asleep, cut_off, hidden, slow


def test_on_a_slow_link_frames_are_left_out_and_not_queued_up(notebook: Notebook, view: View, kernel: Kernel) -> None:
    kernel("None", before="made = []\nexplorer.observe(lambda change: made.append(change.new), 'iteration')")
    view.root.evaluate(
        """root => {
          window.seen = [];
          const bar = root.querySelector("[role=progressbar]");
          const saw = () => seen.push(Number(bar.getAttribute("aria-valuenow")));
          new MutationObserver(saw).observe(bar, { attributeFilter: ["aria-valuenow"] });
        }"""
    )
    with slow(notebook.page):
        view.enter("Iterations", 3000)
        view.expect_words("Done · 3,000 of 3,000", timeout=120)
        expect(notebook.page.get_by_text("No answer")).to_be_hidden()
        expect(view.picture).to_have_attribute("src", kernel("explorer.image"), timeout=60_000)
        made, seen = json.loads(kernel("json.dumps(made)", before="import json")), notebook.page.evaluate("seen")
        assert 3 < len(seen) < 0.7 * len(made)
        for _ in range(8):
            view.slider("Filter").press("ArrowRight")
        view.expect_picture("conv3", 8, timeout=120)
    kernel("None", before="explorer.unobserve_all('iteration')")


@pytest.mark.parametrize("state", [asleep, cut_off, hidden], ids=lambda state: state.__name__)
def test_what_happened_meanwhile_is_shown(notebook: Notebook, view: View, kernel: Kernel, state, complaints) -> None:  # type: ignore[no-untyped-def]
    with state(notebook.page):
        kernel("None", before="explorer.iterations, explorer.filter = 300, 9\nexplorer.wait(60)", timeout=90)
    expect(view.picture).to_have_attribute("src", kernel("explorer.image"), timeout=60_000)
    view.expect_picture("conv3", 9)
    complaints[:] = [each for each in complaints if "ERR_INTERNET_DISCONNECTED" not in each]  # the lab's own
