"""The way of one slider move, from a hand in a real Chromium to a kernel and back."""

import re
import time

from playwright.sync_api import expect

from tests.browser.conftest import PLACES
from tests.browser.lab import Kernel, Lab, Notebook, View

THREADS = "len([t for t in __import__('threading').enumerate() if t.name.startswith('filterviz-')])"


def test_the_second_cell_of_the_quickstart_shows_a_picture_and_nothing_else(notebook: Notebook, opened: View) -> None:
    opened.expect_picture("conv3", 0)
    opened.expect_words("Done · 20 of 20")
    expect(opened.picture).to_be_visible()
    outputs = notebook.cell(PLACES["quickstart"]).locator(".jp-OutputArea-output")
    expect(outputs).to_have_count(1)  # no log lines


def test_nothing_asks_before_the_first_picture(notebook: Notebook, opened: View) -> None:
    expect(notebook.page.get_by_text("Jupyter news")).to_have_count(0)
    expect(notebook.page.get_by_role("dialog")).to_have_count(0)


def test_after_a_fast_drag_the_picture_is_that_of_the_last_place(view: View, kernel: Kernel) -> None:
    kernel("None", before="moves = []; note_move = lambda change: moves.append(change.new)")
    kernel("None", before="explorer.observe(note_move, 'filter')")
    box = view.slider("Filter").bounding_box()
    assert box
    last = int(view.slider("Filter").get_attribute("max") or 0)
    assert last >= 30
    x = [box["x"] + 8 + place * (box["width"] - 16) / last for place in range(31)]
    y = box["y"] + box["height"] / 2
    mouse = view.root.page.mouse
    mouse.move(x[0], y)
    mouse.down()
    began = time.monotonic()
    for place in range(1, 31):
        mouse.move(x[place], y)
        expect(view.number("Filter")).to_have_value(str(place))  # at once, whatever the kernel does
    mouse.up()
    seconds = time.monotonic() - began

    view.expect_picture("conv3", 30)
    view.expect_words("Done · 20 of 20")
    moves = kernel("moves", before="explorer.unobserve(note_move, 'filter')")
    assert moves[-1] == 30
    assert len(moves) <= seconds / 0.1 + 2
    assert kernel("explorer.shown['filter'], explorer.wait(60).description.filter, explorer.status") == (30, 30, "done")
    same = kernel(
        "bool((other.wait(60).image == explorer.picture.image).all())",
        before="other = FilterExplorer(flower_model(), layer='conv3', filter=30)",
    )
    kernel("None", before="other.close(); del other")
    assert same
    assert view.picture.get_attribute("src") == kernel("explorer.image")
    view.root.page.wait_for_timeout(500)
    view.expect_picture("conv3", 30, timeout=0.1)  # nothing was still on its way


def test_a_change_of_layer_brings_its_picture_and_a_filter_that_it_has(view: View, kernel: Kernel) -> None:
    view.enter("Filter", 20)
    view.expect_picture("conv3", 20)
    view.root.get_by_role("combobox", name="Layer name").select_option("conv1")
    last = kernel("next(entry['filters'] for entry in explorer.layers if entry['name'] == 'conv1') - 1")
    view.expect_picture("conv1", min(20, last))
    expect(view.slider("Layer")).to_have_attribute("aria-valuetext", re.compile("^conv1, layer "))
    expect(view.number("Filter")).to_have_value(str(min(20, last)))
    assert kernel("explorer.layer, explorer.filter, explorer.error") == ("conv1", min(20, last), "")


def test_a_method_is_chosen_with_its_numbers_and_makes_the_picture(view: View, kernel: Kernel) -> None:
    robust = kernel("explorer.presets['robust']")
    view.root.get_by_role("radio", name="Robust").check()
    view.expect_words(f"Done · {robust['iterations']} of {robust['iterations']}", timeout=60)
    assert kernel("explorer.method, explorer.step_size, explorer.iterations, explorer.error") == (
        "robust",
        robust["step_size"],
        robust["iterations"],
        "",
    )
    assert kernel("explorer.wait(60).description.method.options()") == robust["options"]
    assert view.picture.get_attribute("src") == kernel("explorer.image")
    expect(view.root.get_by_text("changed", exact=True)).to_be_hidden()


def test_an_option_reaches_the_picture_and_comes_back_by_reset(view: View, kernel: Kernel) -> None:
    view.root.get_by_text("Options", exact=True).click()
    view.slider("Jitter").focus()
    for _ in range(3):
        view.slider("Jitter").press("ArrowRight")
    view.root.get_by_role("combobox", name="Sign").select_option(label="Inhibits")
    expect(view.picture).to_have_accessible_name("What inhibits filter 0 of layer conv3", timeout=30_000)
    view.expect_words("Done · 20 of 20")
    assert kernel("(lambda method: (method.jitter, method.sign))(explorer.wait(60).description.method)") == (3.0, -1)
    assert kernel("explorer.method, explorer.error") == ("classic", "")
    expect(view.root.get_by_text("changed", exact=True)).to_be_visible()
    view.root.get_by_role("button", name="Reset options").click()
    view.expect_picture("conv3", 0)
    assert kernel("explorer.options == explorer.presets['classic']['options']")
    view.root.get_by_text("Options", exact=True).click()


def test_stop_ends_a_long_run_where_it_is(view: View, kernel: Kernel) -> None:
    view.enter("Iterations", 10_000)
    view.expect_words(re.compile(r"^Running · [1-9]"))
    view.root.get_by_role("button", name="Stop").click()
    view.expect_words(re.compile(r"^Stopped · [\d,]+ of 10,000$"))
    stopped = kernel("explorer.iteration")
    assert 0 < stopped < 10_000
    view.root.page.wait_for_timeout(300)
    assert kernel("explorer.iteration, explorer.status") == (stopped, "cancelled")
    expect(view.picture).to_be_visible()


def test_pictures_arrive_while_another_cell_is_busy(lab: Lab, notebook: Notebook, view: View) -> None:
    notebook.start(PLACES["busy"])
    for filter in (1, 2, 3):
        view.slider("Filter").press("ArrowRight")
        view.expect_picture("conv3", filter)
    assert notebook.prompt(PLACES["busy"]) == "[*]:"
    lab.let_go("busy")
    expect(notebook.cell(PLACES["busy"]).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\d"), timeout=30_000)


def test_two_views_agree(notebook: Notebook, view: View) -> None:
    notebook.run(PLACES["again"])
    other = View(notebook.cell(PLACES["again"]).locator(".filterviz"))
    other.expect_picture("conv3", 0)
    other.slider("Filter").press("ArrowRight")
    for each in (view, other):
        each.expect_picture("conv3", 1)
        each.expect_words("Done · 20 of 20")
        expect(each.number("Filter")).to_have_value("1")
        expect(each.slider("Filter")).to_have_attribute("aria-valuetext", "1")
    assert view.picture.get_attribute("src") == other.picture.get_attribute("src")


def test_the_arrow_keys_move_the_slider_and_not_the_notebook(notebook: Notebook, view: View) -> None:
    selected = notebook.page.locator(".jp-Notebook .jp-Cell.jp-mod-active")
    view.slider("Filter").focus()
    before = selected.get_attribute("data-windowed-list-index")
    for key in ("ArrowRight", "ArrowUp", "ArrowRight"):
        view.slider("Filter").press(key)
    view.expect_picture("conv3", 3)
    assert selected.get_attribute("data-windowed-list-index") == before


def test_a_cell_that_is_run_again_and_again_leaves_no_thread_and_takes_no_more_memory(
    notebook: Notebook, opened: View, kernel: Kernel
) -> None:
    kernel("None", before="model = flower_model()")
    cell = View(notebook.cell(PLACES["rerun"]).locator(".filterviz"))
    memory = []
    for _ in range(6):
        notebook.run(PLACES["rerun"])
        cell.expect_picture("conv2", 0)
        cell.expect_words("Done · 20 of 20")
        expect(cell.root).to_have_count(1)
        # The first runs compile, also what may be asked for next.
        rss = "__import__('psutil').Process().memory_info().rss"
        memory.append(kernel(rss, before="shown._session._ahead.wait(60)"))
    assert kernel(THREADS) == 0
    assert memory[-1] < memory[2] + 10e6
    kernel("None", before="shown.close()")


def test_what_goes_wrong_is_said_in_red_and_the_kernel_lives_on(notebook: Notebook, kernel: Kernel) -> None:
    notebook.run(PLACES["broken"])
    broken = View(notebook.cell(PLACES["broken"]).locator(".filterviz"))
    alert = broken.root.get_by_role("alert")
    expect(alert).to_contain_text("NaN", timeout=30_000)
    expect(alert).to_contain_text("bad")
    colour = alert.evaluate("alert => getComputedStyle(alert).borderLeftColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    assert red > 2 * max(green, blue)
    broken.expect_words(re.compile("^Failed"))
    assert kernel("1 + 1") == 2
    kernel("None", before="broken.close()")
    expect(broken.root).to_have_count(0)


def test_after_a_restart_of_the_kernel_the_old_view_rests_and_a_new_one_works(notebook: Notebook, view: View) -> None:
    notebook.restart()
    expect(view.root.get_by_text("Not connected to a kernel")).to_be_visible(timeout=30_000)
    expect(view.slider("Filter")).to_be_disabled()
    expect(view.picture).to_be_visible()
    view.expect_words("Disconnected · 20 of 20")
    notebook.wait_until_idle()
    notebook.run(PLACES["quickstart"])
    view.expect_picture("conv3", 0)
    view.expect_words("Done · 20 of 20")
    expect(view.root).to_have_count(1)
    view.slider("Filter").press("ArrowRight")
    view.expect_picture("conv3", 1)
