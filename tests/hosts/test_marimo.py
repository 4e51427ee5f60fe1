"""The widgets in marimo, as its author sees the notebook and as its visitors do."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import View
from tests.hosts.conftest import THEMES, Marimo
from tests.hosts.hands import expect_first_picture, expect_looks, expect_rest, storm, watch_training

TTL = 1
"""Seconds after which a visitor who left is given up."""


def view_of(page: Page, layer: str) -> View:
    """The explorer that began with that layer."""
    return View(page.locator(".filterviz").filter(has=page.locator(f'figure img[alt*="layer {layer}"]')))


@pytest.fixture(scope="module")
def edited(marimo: Callable[..., Marimo]) -> Marimo:
    return marimo("edit")


@pytest.fixture(scope="module")
def visited(marimo: Callable[..., Marimo]) -> Marimo:
    return marimo("run", "--session-ttl", str(TTL))


def run_all(page: Page) -> None:
    """Has the author's cells run, which wait for that in a notebook that is opened."""
    until = time.monotonic() + 120
    while not page.locator(".filterviz").count() and time.monotonic() < until:
        button = page.locator("[data-testid=run-button]").last
        if button.is_visible() and button.is_enabled():  # not while they run; and the page may not be ready yet
            button.click()
        page.wait_for_timeout(2000)


def opposite(looks: str) -> str:
    return "light" if looks == "dark" else "dark"


def test_an_author_sees_pictures_trains_and_runs_cells_again(
    edited: Marimo, open_page: Callable[..., Page], ask: Callable[[str, str], Any]
) -> None:
    page = open_page(edited.address, color_scheme=opposite(THEMES["edit"]))
    asked = lambda expression: ask("marimo edit", expression)  # noqa: E731
    run_all(page)
    view = view_of(page, "conv3")
    expect_first_picture(view)
    expect_first_picture(view_of(page, "conv2"), "conv2")
    expect_looks(view.root, THEMES["edit"])
    storm(view, asked)

    # Nothing is cut off by the cell: all of the drawer can be reached.
    view.root.get_by_text("Options", exact=True).click()
    reset = view.root.get_by_role("button", name="Reset options")
    reset.scroll_into_view_if_needed()
    expect(reset).to_be_in_viewport(ratio=1)
    view.root.get_by_text("Options", exact=True).click()

    root = page.get_by_role("group", name="Training history")
    page.get_by_role("button", name="Train", exact=True).click()
    watch_training(root, asked)

    cell = page.locator(".marimo-cell").filter(has_text="peek.show(explorer=explorer)")
    counts = []
    for _ in range(5):
        before = asked("id(explorer)")
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        until = time.monotonic() + 30
        while asked("id(explorer)") == before and time.monotonic() < until:
            time.sleep(0.1)
        expect_first_picture(view_of(page, "conv3"))
        counts.append(asked("explorers()"))
    expect_rest(asked)
    assert max(counts) <= 3, "this one, the other cell's, and at most one that is about to go"


def test_a_visitor_sees_pictures_and_leaves_nothing_behind(
    visited: Marimo, open_page: Callable[..., Page], ask: Callable[[str, str], Any]
) -> None:
    asked = lambda expression: ask("marimo run", expression)  # noqa: E731
    page = open_page(visited.address, color_scheme=opposite(THEMES["run"]))
    view = view_of(page, "conv3")
    expect_first_picture(view)
    expect_looks(view.root, THEMES["run"])
    storm(view, asked)
    other = view_of(page, "conv2")
    expect_first_picture(other, "conv2")
    other.slider("Filter").press("ArrowRight")
    other.expect_picture("conv2", 1)
    expect(page.get_by_text("dependent: 1, 1, done")).to_be_visible(timeout=30_000)
    one = asked("explorers()")
    assert one == 2
    page.close()
    for _ in range(3):
        page = open_page(visited.address)
        expect_first_picture(view_of(page, "conv3"))
        expect_first_picture(view_of(page, "conv2"), "conv2")
        page.close()
        time.sleep(TTL + 1)
    expect_rest(asked)
    assert asked("explorers()") <= 2 * one, "the last visitor's, who may come back, and those of the one before"
