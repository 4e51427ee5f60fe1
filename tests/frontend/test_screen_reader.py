"""What a screen reader says in a whole session, written as it would be heard; the words are Chromium's."""

from playwright.sync_api import Page

from tests.frontend.hearing import Reader

RUN = """async (filter, activations) => {
  const of = fv.shown({ layer: model.get("layer"), filter, iterations: activations.length - 1 });
  model.kernel({ status: "running", shown: of, film: {}, image: fv.square(8), activations: [] });
  activations.forEach((_, iteration) => model.kernel({ iteration, activations: activations.slice(0, iteration + 1),
    image: fv.square(9 + iteration) }));
}"""
KERNEL = {
    "the kernel compiles": "model.kernel({ status: 'compiling', activations: [], film: {} })",
    "the run begins": f"({RUN})(model.get('filter'), [1, 2, 3])",
    "twenty frames come": "for (let at = 3; at < 23; at += 1) model.kernel({ iteration: at,"
    " activations: [...model.get('activations'), at], image: fv.square(at) })",
    "the run is done": "model.kernel({ ...fv.finished(), note: '' })",
    "the filter was closed": "model.kernel({ note: 'Closed at the start: gradients were let through 3 times.' })",
    "ten runs of a moment": "for (const at of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {"
    " model.kernel({ status: 'running', activations: [at] });"
    " model.kernel({ status: 'done', activations: [at, at + 0.5] }); }",
    "the panels are filled": "model.kernel({ ...fv.panelStates(), busy: [] })",
    "the panels are filled again": "model.kernel({ ...fv.panelStates(), busy: ['kernel'] });"
    " model.kernel({ busy: [] })",
    "the set is read": "for (let at = 0; at < 170; at += 1) model.kernel({ read: [at, 170] });"
    " model.kernel({ read: [], images_info: { words: '170 images' } })",
    "the kernel is out of memory": "model.kernel({ status: 'error', error: 'Out of memory.' })",
    "the kernel is gone": "model.live(false)",
    "the kernel comes back": "model.kernel({ error: '' }); model.live(true)",
    "the picture is pinned": "model.kernel({ pinned: { image: fv.square(30), shown: fv.shown(), method: 'classic',"
    " activation: 6 } })",
}
EXPLORER = """
> Tab Tab Tab
Run again, button, Draw the picture anew, for example after more training
> Tab
Layer, slider, conv1, layer 1 of 4, The layer whose filters are shown, counted from 1
> ArrowRight
Layer, slider, conv2, layer 2 of 4, The layer whose filters are shown, counted from 1
* the kernel compiles
  “Compiling conv2”
* the run begins
  “Running”
* twenty frames come
* the run is done
  “Done, activation 6”
> ArrowLeft
Layer, slider, conv1, layer 1 of 4, The layer whose filters are shown, counted from 1
> Tab Tab Tab Tab
Filter, slider, 0, The filter: an output channel of the layer, counted from 0
> ArrowRight ArrowRight ArrowRight
Filter, slider, 3, The filter: an output channel of the layer, counted from 0
* ten runs of a moment
  “Done, activation 10.5”
* the filter was closed
  “Closed at the start: gradients were let through 3 times.”
> Tab
Filter, spin button, 3, The filter: an output channel of the layer, counted from 0
> 9 9 Enter
Filter, spin button, invalid, 99, Expected a whole number from 0 to 15
  “Expected a whole number from 0 to 15”
> Escape
Filter, spin button, 3, The filter: an output channel of the layer, counted from 0
> Tab
Classic, radio button, checked
> ArrowRight
Robust, radio button, checked
> Tab
Settings, disclosure, collapsed
> Enter
Settings, disclosure, expanded
> Tab
Step size, slider, 2 grey levels, How far each iteration moves the image, in grey levels (RMS)
> Tab Tab Tab Tab
New seed, button, Start from other noise
> Tab Tab
Options, disclosure, collapsed
> Tab
Kernel, toggle button, The weights that make the filter: blue below zero, red above
> Space
Kernel, toggle button, pressed, The weights that make the filter: blue below zero, red above
* the panels are filled
* the panels are filled again
* the set is read
  “Set: 170 images”
* the picture is pinned
* the kernel is out of memory
  “Out of memory.”
* the kernel is gone
  “Not connected to a kernel: what is shown stays, the controls rest. Run the cell again to go on.”
* the kernel comes back
"""
HISTORY = """
* four records come
  “Gradients of the loss on the probe, 10 examples.”
> Tab
Epoch, slider, before training, How long the model had been trained
> ArrowRight
Epoch, slider, after epoch 1, How long the model had been trained
> Tab Tab
Play, button, Show the epochs one after the other
> Enter
Pause, button, Show the epochs one after the other
* half a second goes by
  “⚠ conv1: exploding”
* half a second goes by
> Shift+Tab
Epoch, spin button, 3, How long the model had been trained
> Tab
Play, button, Show the epochs one after the other
> Tab
Layer, combo box, collapsed, conv1, Which recorded layer
> ArrowDown
Layer, combo box, collapsed, net/conv2, Which recorded layer
> Tab
Filter, slider, 0, Which of the recorded filters, by its number in the layer
"""
TRAINING = {
    "four records come": "model.record(4); model.kernel({ marks: { conv1: ['', '', 'exploding', ''] } })",
    "half a second goes by": "",
}


def told(page: Page, script: str, acts: dict[str, str]) -> str:
    """The script once more, with what was heard in place of what was expected."""
    reader = Reader(page)
    lines = []
    for line in script.strip().splitlines():
        if line.startswith("> "):
            for key in line[2:].split():
                page.keyboard.press(key)
        elif line.startswith("* "):
            page.evaluate(f"() => {{ {acts[line[2:]]} }}")
        else:
            continue
        page.clock.run_for(500)
        lines += [
            line,
            *([reader.focused()] if line.startswith("> ") else []),
            *(f"  “{each}”" for each in reader.live()),
        ]
    return "\n".join(lines)


def test_a_session_with_the_explorer_as_it_is_heard(blank: Page) -> None:
    blank.evaluate("() => { window.model = new fv.FakeModel(); fv.mount(model, one) }")
    assert told(blank, EXPLORER, KERNEL).splitlines() == EXPLORER.strip().splitlines()


def test_a_session_with_the_history_as_it_is_heard(blank: Page) -> None:
    blank.evaluate("() => { window.model = new fv.FakeHistory(); fv.mountHistory(model, one) }")
    assert told(blank, HISTORY, TRAINING).splitlines() == HISTORY.strip().splitlines()
