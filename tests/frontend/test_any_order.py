"""Whatever happens to a page, in whatever order: every open view ends with the last state, and nobody listens on."""

import random

import pytest
from playwright.sync_api import Page, expect

from tests.browser.page_states import HIDE

WORLD = """() => {
  // A kernel behind a line that may be cut, when what is sent is lost, and a page that may sleep, when it waits.
  window.model = new fv.FakeModel();
  Object.assign(window, { views: [], number: 0, asks: 0, asleep: false, cut: false, inbox: [], changed: {}, sent: 0 });
  model.answers = false;
  const deliver = (state) => (asleep ? inbox.push(state) : model.kernel(state));
  const tell = (state) => cut || deliver(state);
  window.update = (note, iteration) => {
    number += 1;
    for (const [name, value] of Object.entries({ note, iteration })) changed[name] = [number, value];
    tell({ note, iteration, told: [number - 1, number, asks, 0, true] });
  };
  /** Handles what the page has sent since the last time. */
  window.handle = () => {
    for (const { type, since } of model.sent.slice(sent)) {
      sent += 1;
      if (cut || (type !== "hello" && type !== "news")) continue;
      if (type === "news") asks += 1;
      const have = since ?? 0;
      const missed = Object.entries(changed).filter(([, [at]]) => at > have).map(([name, [, value]]) => [name, value]);
      const told = [have, number, asks];
      tell({ ...Object.fromEntries(missed), heard: model.get("heard") + 1, working: true, told });
    }
  };
  window.acts = {
    open() {
      const root = one.appendChild(document.createElement("div"));
      const close = fv.mount(model, root);
      views.push(() => (close(), root.remove()));
    },
    close: () => views.shift()?.(),
    hide: () => window.showAgain ?? hide(),
    show: () => (window.showAgain?.(), (window.showAgain = undefined)),
    cut: () => (cut = true),
    join: () => (cut = false),
    sleep: () => (asleep = true),
    wake: () => (asleep = false, inbox.splice(0).forEach((state) => model.kernel(state))),
  };
}"""

ACTS = ["open", "close", "hide", "show", "cut", "join", "sleep", "wake"]


@pytest.mark.changes_the_page
@pytest.mark.parametrize("seed", range(12))
def test_every_open_view_ends_with_the_last_state_and_none_listens_on(blank: Page, seed: int) -> None:
    chance = random.Random(seed)
    blank.evaluate(WORLD)
    blank.evaluate(f"window.hide = {HIDE}")
    done = []
    for step in range(30):
        act = chance.choice([*ACTS, "update", "update", "update"])
        done.append(act)
        blank.evaluate(f"update('Note {step}.', {step})" if act == "update" else f"acts.{act}()")
        blank.evaluate("handle()")
        if chance.random() < 0.3:
            blank.clock.run_for(100)
    blank.evaluate("acts.open(); acts.wake(); acts.join(); acts.show(); update('The end.', 20)")
    for _ in range(4):  # a question that was lost is asked again once something else was heard
        blank.evaluate("handle()")
        blank.clock.run_for(2100)
    count = blank.evaluate("views.length")
    expect(blank.locator(".filterviz")).to_have_count(count)
    assert blank.get_by_text("The end.").count() == count, done
    assert blank.locator(".filterviz-words").all_inner_texts() == ["Ready · 20 of 20"] * count, done
    blank.evaluate("while (views.length) acts.close()")
    assert blank.evaluate("model.listening()") == 0, done
