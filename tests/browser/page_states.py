"""What becomes of a page while it lives: another tab lies above it, the laptop sleeps, the link is slow or cut.

A browser without a screen hides no tab and freezes none. So a hidden page is told that it is hidden, and draws no
frames; one asleep has its processes stopped.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

LATENCY, RATE = 200, 125_000
"""Milliseconds, and bytes in a second, 1 Mbit/s, of a slow link."""

HIDE = """() => {
  const [ask, waiting] = [window.requestAnimationFrame, []];
  const become = (hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  };
  window.requestAnimationFrame = (act) => waiting.push(act);
  window.showAgain = () => {
    window.requestAnimationFrame = ask;
    become(false);
    for (const act of waiting.splice(0)) ask(act);
  };
  become(true);
}"""


@contextmanager
def hidden(page: Page) -> Iterator[None]:
    """Another tab lies above the page."""
    page.evaluate(HIDE)
    yield
    page.evaluate("showAgain()")


@contextmanager
def asleep(page: Page) -> Iterator[None]:
    """The page and all its like do nothing, and what is sent to them waits."""
    assert page.context.browser is not None
    session = page.context.browser.new_browser_cdp_session()
    processes = [
        each["id"] for each in session.send("SystemInfo.getProcessInfo")["processInfo"] if each["type"] == "renderer"
    ]
    assert processes
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@contextmanager
def slow(page: Page) -> Iterator[None]:
    """The page is on a slow link; afterwards on a fast one."""
    with _link(page, latency=LATENCY, rate=RATE):
        yield


@contextmanager
def cut_off(page: Page) -> Iterator[None]:
    """The page has no link at all; afterwards a fast one."""
    with _link(page, offline=True):
        yield


@contextmanager
def _link(page: Page, *, latency: int = 0, rate: int = -1, offline: bool = False) -> Iterator[None]:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    conditions = {"latency": latency, "downloadThroughput": rate, "uploadThroughput": rate}
    session.send("Network.emulateNetworkConditions", {"offline": offline, **conditions})
    try:
        yield
    finally:
        session.detach()  # what another session says does not end what this one said
