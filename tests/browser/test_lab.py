"""What is JupyterLab's own: its colours, its rows of widgets; and a kernel of which it hears no other thread."""

import re

from tests.browser.conftest import PLACES
from tests.browser.lab import Kernel, Notebook, View
from tests.hosts.hands import expect_looks


def test_where_all_that_threads_send_is_lost_the_picture_forms_and_the_last_one_is_right(
    notebook: Notebook, view: View, kernel: Kernel
) -> None:
    kernel("None", before="model = flower_model()")
    notebook.run(PLACES["drops"])
    dropping = View(notebook.cell(PLACES["drops"]).locator(".filterviz"))
    dropping.expect_picture("conv2", 0)
    dropping.expect_words("Done · 20 of 20")
    dropping.root.locator("summary").filter(has_text="Settings").click()
    dropping.enter("Iterations", 3000)
    dropping.expect_words(re.compile(r"^Running · [1-9]"))
    for _ in range(5):
        dropping.slider("Filter").press("ArrowRight")
    dropping.expect_picture("conv2", 5, timeout=60)
    dropping.expect_words("Done · 3,000 of 3,000", timeout=60)
    assert kernel("dropping.shown['filter'], dropping.wait(60).description.filter, dropping.error") == (5, 5, "")
    assert dropping.picture.get_attribute("src") == kernel("dropping.image")
    assert kernel("len(lost)") > 10
    kernel("None", before="dropping.close()")


def test_a_row_of_widgets_gives_each_its_width(notebook: Notebook, view: View, kernel: Kernel) -> None:
    kernel("None", before="model = flower_model()")
    notebook.run(PLACES["row"])
    row = View(notebook.cell(PLACES["row"]).locator(".filterviz"))
    row.expect_picture("conv2", 0)
    assert row.root.evaluate("root => root.offsetWidth") >= 640
    notebook.page.emulate_media(color_scheme="dark")
    expect_looks(row.root, "light")  # the lab's, and not the system's
    notebook.page.emulate_media(color_scheme="null")
    kernel("None", before="row.close()")
