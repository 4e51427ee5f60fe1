"""The page: many frames, two views, hidden, asleep and on a slow link; nothing grows, and the last frame arrives."""

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from soak.found import Found
from soak.page_lab import on_a_slow_link
from tests.browser.page_states import hidden

TIMES = {"short": 1_000, "middle": 3_000, "long": 10_000}
"""Frames; in the longer ones as many iterations of a real kernel behind a slow link."""

WARM = 300
HEAP = 2.0
"""Megabytes of the page's heap that may come and go."""

FRAMES = """async ([first, count]) => {
  // Two views of one model, now and then taken away and put back; each frame is another picture.
  window.model ??= new fv.FakeModel();
  const show = () => [one, two].map((place) => {
    const root = place.appendChild(document.createElement("div"));
    const close = fv.mount(model, root);
    return { root, close: () => (close(), root.remove()) };
  });
  const paint = () => new Promise((done) => (document.hidden ? setTimeout(done) : requestAnimationFrame(done)));
  let views = show();
  for (let frame = first; frame < first + count; frame++) {
    const [done, start] = [frame % 200 === 199, frame % 200];
    model.kernel({
      image: fv.square(8, `hsl(${frame % 360} 50% ${30 + frame % 40}%)`), shown: fv.shown({ filter: frame % 16 }),
      iteration: start, status: done ? "done" : "running", working: !done, note: `Frame ${frame}.`,
      ...(start === 0 || done ? { activations: Array(start + 1).fill(1), activations_more: {} }
        : { activations_more: { start, values: [frame] } }),
      told: [frame, frame + 1, 0, 0, frame % 3 === 0],
    });
    if (frame % 5 === 0) await paint();
    if (frame % 100 === 50) {
      for (const view of views) view.close();
      views = show();
    }
  }
  await paint();
  const last = views.map(({ root }) => root.querySelector(".filterviz-note").textContent);
  for (const view of views) view.close();
  const left = model.listening();
  model.sent.length = model.saves.length = 0;
  return [last, left];
}"""


def run(found: Found, times: int, seed: int) -> None:
    """Shows frames in the front end alone; then, where there is time, those of a real kernel in a real JupyterLab."""
    from scripts.find_chromium import find_chromium

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_context().new_page()
        page.goto(_blank(Path(folder)).as_uri())
        _frames(found, page, times)
        browser.close()
    if times > TIMES["short"]:
        on_a_slow_link(found, times)


def _blank(folder: Path) -> Path:
    import hatch_build
    from filterviz_widget.widgets.frontend import frontend
    from tests.frontend.conftest import bundled

    hatch_build.build()
    hatch_build.install()
    head = f'<!doctype html><meta charset="utf-8"><style>{frontend("widget.css")}</style>'
    places = '<div id="one"></div><div id="two"></div>'
    page = folder / "page.html"
    page.write_text(f"{head}{places}<script>{bundled('harness', 'fv', folder)}</script>", "utf-8")
    return page


def _frames(found: Found, page: Page, times: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.evaluate(FRAMES, [0, WARM])
    before = _measured(session)
    shown: list[str] = []
    left = 0
    half = times // 2
    for first, is_hidden in ((WARM, False), (WARM + half, True)):
        with hidden(page) if is_hidden else nullcontext():
            last, listening = page.evaluate(FRAMES, [first, half])
        left += listening
        shown += [note for note in last if note != f"Frame {first + half - 1}."]
    after = _measured(session)
    found.none("last frames not shown", shown)
    found.none("errors in the page", thrown)
    found.at_most("listeners to the model of views that are gone", left, 0)
    found.at_most("growth of DOM nodes", after["Nodes"] - before["Nodes"], 0)
    found.at_most("growth of listeners", after["JSEventListeners"] - before["JSEventListeners"], 0)
    found.at_most("growth of the heap (MB)", (after["JSHeapUsedSize"] - before["JSHeapUsedSize"]) / 1e6, HEAP)
    found.figure("heap (MB)", after["JSHeapUsedSize"] / 1e6)


def _measured(session: CDPSession) -> dict[str, Any]:
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
