"""Which keys a control keeps, and which the notebook gets."""

import pytest
from playwright.sync_api import Locator, Page, expect

ROLES = {
    "slider": ("slider", "Filter"),
    "number": ("spinbutton", "Filter"),
    "selection": ("combobox", "Layer name"),
    "method": ("radio", "Classic"),
    "box": ("checkbox", "All layers"),
    "button": ("button", "Run again"),
    "tile": ("gridcell", "Filter 1"),
    "toggle": ("button", "Map"),
    "time line": ("slider", "Iteration"),
    "map": ("application", "Feature map over the photo"),
}


MODIFIERS = {"Control", "Meta", "Alt", "Shift"}
COMBINATIONS = [
    *["Control+s", "Meta+s", "Control+Enter", "Meta+Enter", "Shift+Enter", "Alt+Enter"],
    *["Control+Shift+Enter", "Control+/", "Meta+/", "Control+b", "Meta+b", "Control+z"],
    *["Meta+z", "Control+k", "Meta+k", "Control+m", "Control+Shift+p", "Meta+Shift+p"],
    *[
        "Control+ArrowUp",
        "Control+ArrowDown",
        "Meta+ArrowUp",
        "Meta+ArrowDown",
        "Control+Shift+ArrowUp",
        "Control+Shift+ArrowDown",
    ],
    *["Alt+ArrowUp", "Alt+ArrowDown", "Meta+ArrowLeft"],
]
"""What JupyterLab, Notebook, Colab, VS Code and marimo bind: save, run, comment, undo, search, palette, move a cell."""


@pytest.fixture
def notebook(explorer: Page) -> Page:
    """The explorer in a cell in a notebook, both of which can have the focus; `heard` is what the notebook hears."""
    explorer.evaluate(
        """() => {
          model.kernel({ ...fv.filled(), panels: ["map"] });
          window.heard = [];
          const make = (id) => Object.assign(document.createElement("div"), { id, tabIndex: -1 });
          const [notebook, cell] = [make("notebook"), make("cell")];
          window.commands = [];
          for (const kind of ["keydown", "keyup"]) notebook.addEventListener(kind, (event) => {
            heard.push(event.key);
            const { ctrlKey, metaKey, altKey, shiftKey, key } = event;
            const held = [[ctrlKey, "Control"], [metaKey, "Meta"], [altKey, "Alt"], [shiftKey, "Shift"]];
            if (kind === "keydown" && !held.some(([, name]) => name === key))
              commands.push([...held.filter(([is]) => is).map(([, name]) => name), key].join("+"));
            event.preventDefault();
          });
          one.replaceWith(notebook);
          notebook.append(cell);
          cell.append(one);
          const tiles = fv.sheet({ choose() {}, kind() {}, want() {} }, never);
          one.append(tiles.element);
          tiles.show({ layer: "conv", filters: 4, kind: "map", kinds: [["map", "Feature maps", ""]], tile: 72, page: 64,
            columns: 8, activations: [], selectivity: [], words: "" }, 1);
        }"""
    )
    return explorer


def control(page: Page, name: str) -> Locator:
    if name == "options":
        return page.locator("summary").filter(has_text="Options")
    role, known_as = ROLES[name]
    return page.get_by_role(role, name=known_as, exact=True)  # type: ignore[arg-type]


def heard(page: Page, focused: Locator, key: str) -> bool:
    page.evaluate("heard.length = 0")
    focused.focus()
    page.keyboard.press(key)
    return bool(set(page.evaluate("heard")) - MODIFIERS)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("slider", "ArrowLeft ArrowRight ArrowUp ArrowDown Home End PageUp PageDown"),
        ("number", "ArrowUp ArrowDown ArrowLeft Home End 7 - . e Backspace Delete Enter d"),
        ("selection", "ArrowDown ArrowUp Home End PageDown c l"),
        ("method", "ArrowRight ArrowLeft Space"),
        ("box", "Space"),
        ("button", "Enter Space"),
        ("options", "Enter Space"),
        ("tile", "ArrowLeft ArrowRight ArrowUp ArrowDown Home End PageUp PageDown Enter Space"),
        ("toggle", "Enter Space"),
        ("time line", "ArrowLeft ArrowRight ArrowUp ArrowDown Home End PageUp PageDown"),
        ("map", "ArrowLeft ArrowRight ArrowUp ArrowDown Enter Space"),
    ],
)
def test_a_control_keeps_the_keys_that_it_uses(notebook: Page, name: str, keys: str) -> None:
    assert [key for key in keys.split() if heard(notebook, control(notebook, name), key)] == []


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("slider", "Enter b Delete 5 F5"),
        ("number", "PageDown F5"),
        ("selection", "Delete F5"),
        ("method", "Enter Home b"),
        ("box", "Enter ArrowDown b"),
        ("button", "ArrowDown b Delete"),
        ("options", "ArrowDown b"),
        ("tile", "b Delete 5 F5"),
        ("toggle", "ArrowDown b"),
        ("time line", "Enter b Delete 5 F5"),
        ("map", "b Delete Home F5"),
    ],
)
def test_the_notebook_gets_the_keys_that_it_does_not(notebook: Page, name: str, keys: str) -> None:
    assert [key for key in keys.split() if not heard(notebook, control(notebook, name), key)] == []


@pytest.mark.parametrize("name", [*ROLES, "options"])
def test_combinations_are_commands_of_the_page(notebook: Page, name: str) -> None:
    before = notebook.evaluate("[model.saves.length, model.sent.length]")
    control(notebook, name).focus()
    for keys in COMBINATIONS:
        notebook.keyboard.press(keys)
    assert [keys.lower() for keys in notebook.evaluate("commands")] == [keys.lower() for keys in COMBINATIONS]
    notebook.clock.run_for(200)
    assert notebook.evaluate("[model.saves.length, model.sent.length]") == before  # and nothing else has come of them


@pytest.mark.parametrize("keys", ["Control+Home", "Control+End"])
def test_the_corners_of_a_grid_are_its_own(notebook: Page, keys: str) -> None:
    heard(notebook, control(notebook, "tile"), keys)
    assert notebook.evaluate("heard.filter((key) => key !== 'Control')") == []
    heard(notebook, control(notebook, "slider"), keys)
    assert notebook.evaluate("heard.filter((key) => key !== 'Control')") != []


@pytest.mark.parametrize("keys", ["Shift+KeyE", "Shift+ArrowLeft"])
def test_shift_makes_a_character_or_selects(notebook: Page, keys: str) -> None:
    heard(notebook, control(notebook, "number"), keys)
    assert notebook.evaluate("heard.filter((key) => key !== 'Shift')") == []


@pytest.mark.parametrize("name", [*ROLES, "options"])
def test_escape_leads_back_to_the_cell(notebook: Page, name: str) -> None:
    control(notebook, name).focus()
    notebook.keyboard.press("Escape")
    expect(notebook.locator("#cell")).to_be_focused()


def test_escape_leads_out_of_a_shadow_root(blank: Page) -> None:
    blank.evaluate(
        """() => {
          one.tabIndex = -1;
          const inner = document.createElement("div");
          one.attachShadow({ mode: "open" }).append(inner);
          window.model = new fv.FakeModel();
          fv.mount(model, inner);
        }"""
    )
    control(blank, "slider").focus()
    blank.keyboard.press("Escape")
    assert blank.evaluate("[document.activeElement.id, one.shadowRoot.activeElement]") == ["one", None]


def test_the_first_escape_in_a_number_takes_back_what_was_typed(notebook: Page) -> None:
    number = control(notebook, "number")
    number.fill("9")
    number.press("Escape")
    expect(number).to_have_value("0")
    expect(number).to_be_focused()
    assert notebook.evaluate("heard").count("Escape") <= 1  # keyup at most: there is nothing to do on it
    number.press("Escape")
    expect(notebook.locator("#cell")).to_be_focused()
