"""Light or dark: whose word counts."""

import pytest
from playwright.sync_api import Page

PROBE = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const root = window.view ?? one;
  context.fillStyle = getComputedStyle(root).backgroundColor;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data[0] < 128 ? "dark" : "light";
}"""


def looks(page: Page) -> str:
    return page.evaluate(PROBE)


def mount(page: Page) -> None:
    page.evaluate("() => { window.model = new fv.FakeModel(); fv.mount(model, window.view ?? one) }")


@pytest.mark.parametrize("page_is", ["light", "dark"])
@pytest.mark.parametrize(
    "mark",
    [
        "document.documentElement.style.colorScheme = '{}'",
        "document.body.className = '{}'",
        "document.body.className = '{}-theme'",
        "document.documentElement.dataset.theme = '{}'",
        "document.documentElement.dataset.bsTheme = '{}'",
        "document.documentElement.setAttribute('theme', '{}')",
        "document.body.className = 'vscode-{}'",
        "document.body.dataset.jpThemeLight = '{}' === 'light'",
        "document.body.className = '{}' === 'dark' ? 'vscode-high-contrast' : "
        "'vscode-high-contrast vscode-high-contrast-light'",
        "one.className = '{}'; window.view = one.appendChild(document.createElement('div'))",
    ],
)
def test_the_page_is_asked_before_the_system(blank: Page, page_is: str, mark: str) -> None:
    blank.evaluate(mark.format(page_is))
    mount(blank)
    for system in ("light", "dark"):
        blank.emulate_media(color_scheme=system)  # type: ignore[arg-type]
        assert looks(blank) == page_is


@pytest.mark.parametrize("leaves_it", ["", "document.documentElement.style.colorScheme = 'light dark'"])
def test_where_the_page_leaves_it_to_the_system_the_system_decides(blank: Page, leaves_it: str) -> None:
    blank.evaluate(leaves_it)
    mount(blank)
    for system in ("light", "dark"):
        blank.emulate_media(color_scheme=system)  # type: ignore[arg-type]
        assert looks(blank) == system


def test_an_inherited_scheme_counts_before_a_mark_farther_out(blank: Page) -> None:
    blank.evaluate("document.body.className = 'dark'; one.style.colorScheme = 'light'")
    blank.evaluate("window.view = one.appendChild(document.createElement('div'))")
    mount(blank)
    assert looks(blank) == "light"


def test_the_nearest_mark_counts(blank: Page) -> None:
    blank.evaluate("document.documentElement.dataset.theme = 'dark'; document.body.className = 'light'")
    mount(blank)
    assert looks(blank) == "light"


@pytest.mark.parametrize("mark", ["one.style.colorScheme = 'dark'", "document.body.className = 'dark'"])
def test_a_shadow_root_hides_neither(blank: Page, mark: str) -> None:
    blank.evaluate(mark)
    blank.evaluate(
        """() => {
          const shadow = one.attachShadow({ mode: "open" });
          window.view = document.createElement("div");
          shadow.append(...[...document.querySelectorAll("style")].map((style) => style.cloneNode(true)), view);
        }"""
    )
    mount(blank)
    assert looks(blank) == "dark"


def test_a_view_that_gets_its_place_later_looks_around_there(blank: Page) -> None:
    blank.evaluate("document.body.className = 'dark'; window.view = document.createElement('div')")
    mount(blank)
    blank.evaluate("one.append(view)")
    blank.wait_for_function("view.style.colorScheme === 'dark'")
    assert looks(blank) == "dark"


def test_a_page_that_changes_its_mind_is_followed(blank: Page) -> None:
    mount(blank)
    assert looks(blank) == "light"
    for change, expected in (
        ("document.body.className = 'dark'", "dark"),
        ("document.body.className = ''", "light"),
        ("document.documentElement.style.colorScheme = 'dark'", "dark"),
        ("document.documentElement.style.colorScheme = 'light'", "light"),
    ):
        blank.evaluate(change)
        assert looks(blank) == expected, change


def test_a_mark_that_changes_anywhere_around_is_followed_also_out_of_a_shadow_root(blank: Page) -> None:
    blank.evaluate(
        """() => {
          const shadow = one.attachShadow({ mode: "open" });
          window.view = document.createElement("div");
          shadow.append(...[...document.querySelectorAll("style")].map((style) => style.cloneNode(true)), view);
        }"""
    )
    mount(blank)
    for looked in ("dark", "light", "dark"):
        blank.evaluate("looked => { one.dataset.theme = looked }", looked)
        assert looks(blank) == looked


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_vs_code_text_and_background_are_both_its_own_on_the_white_that_it_paints(blank: Page, theme: str) -> None:
    colours = {"light": ("rgb(240, 240, 240)", "rgb(10, 10, 10)"), "dark": ("rgb(30, 30, 30)", "rgb(212, 212, 212)")}
    background, text = colours[theme]
    blank.emulate_media(color_scheme="light" if theme == "dark" else "dark")
    blank.evaluate(
        """([theme, background, text]) => {
          document.body.className = `vscode-${theme}`;
          document.documentElement.style.setProperty("--vscode-editor-background", background);
          document.documentElement.style.setProperty("--vscode-editor-foreground", text);
          one.style.background = "white";
          window.view = one.appendChild(document.createElement("div"));
        }""",
        [theme, background, text],
    )
    mount(blank)
    style = "[getComputedStyle(view).backgroundColor, getComputedStyle(view).color, getComputedStyle(view).colorScheme]"
    assert blank.evaluate(style) == [background, text, theme]


def test_the_hosts_own_colours_come_first(blank: Page) -> None:
    blank.emulate_media(color_scheme="dark")
    blank.evaluate("document.body.style.setProperty('--jp-layout-color1', 'rgb(255, 255, 240)')")
    mount(blank)
    assert blank.evaluate("getComputedStyle(one).backgroundColor") == "rgb(255, 255, 240)"
