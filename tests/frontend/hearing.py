"""What a screen reader says of a page: of the element in focus, of all that can be read, of what speaks by itself."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

ROLES = {
    "spinbutton": "spin button",
    "combobox": "combo box",
    "checkbox": "check box",
    "radio": "radio button",
    "DisclosureTriangle": "disclosure",
    "gridcell": "cell",
    "searchbox": "search box",
    "progressbar": "progress bar",
    "image": "picture",
    "columnheader": "column header",
    "rowheader": "row header",
    "radiogroup": "group",
}
SAID_WHOLE = {
    *["button", "link", "slider", "spinbutton", "combobox", "checkbox", "radio", "DisclosureTriangle", "heading"],
    *["image", "gridcell", "progressbar", "application", "searchbox", "columnheader", "rowheader", "option"],
}
"""Roles whose content is what is said of themselves."""
NAMED = {"group", "radiogroup", "region", "figure", "table", "grid", "navigation", "main", "search", "list", "article"}
WATCH = """root => {
  window.said = [];
  const selector = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";
  const watch = new MutationObserver((changes) => {
    const at = (node) => (node instanceof Element ? node : node.parentElement)?.closest(selector);
    for (const region of new Set(changes.map(({ target }) => at(target)).filter(Boolean)))
      if (region.textContent) said.push(region.textContent);
  });
  watch.observe(document.querySelector(root), { subtree: true, childList: true, characterData: true });
}"""


class Reader:
    """Listens to a page from now on."""

    def __init__(self, page: Page, root: str = "#one") -> None:
        self._page, self._root = page, root
        self._session = page.context.new_cdp_session(page)
        self._session.send("Accessibility.enable")
        page.evaluate(WATCH, root)

    def live(self) -> list[str]:
        """What has been said of its own accord since the last call."""
        return self._page.evaluate("said.splice(0)")

    def focused(self) -> str:
        """What is said of the element that has the focus."""
        found = self._session.send("Runtime.evaluate", {"expression": "document.activeElement"})
        identity = found["result"]["objectId"]
        (node, *_) = self._session.send("Accessibility.getPartialAXTree", {"objectId": identity})["nodes"]
        return self._words(node)

    def reading(self) -> list[str]:
        """Everything that is read from the first line to the last, as one arrows through it."""
        nodes = {node["nodeId"]: node for node in self._session.send("Accessibility.getFullAXTree")["nodes"]}
        found = self._session.send("Runtime.evaluate", {"expression": f"document.querySelector('{self._root}')"})
        about = self._session.send("DOM.describeNode", {"objectId": found["result"]["objectId"]})["node"]
        (root,) = [node for node in nodes.values() if node.get("backendDOMNodeId") == about["backendNodeId"]]
        return list(self._lines(root, nodes))

    def _lines(self, node: dict[str, Any], nodes: dict[str, dict[str, Any]]) -> Iterator[str]:
        role = _value(node, "role")
        if not node.get("ignored"):
            if role == "StaticText":
                if text := _value(node, "name").strip():
                    yield text
                return
            if role in ("caption", "LabelText"):  # said of what they belong to
                children = [nodes[child] for child in node.get("childIds", []) if child in nodes]
                for child in children if role == "LabelText" else []:
                    yield from (line for line in self._lines(child, nodes) if ", " in line)
                return
            if role in SAID_WHOLE:
                yield self._words(node)
                return
            if role in NAMED and _value(node, "name"):
                yield self._words(node)
        for child in node.get("childIds", []):
            if child in nodes:
                yield from self._lines(nodes[child], nodes)

    def _words(self, node: dict[str, Any]) -> str:
        role = _value(node, "role")
        states = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
        words = [_value(node, "name"), ROLES.get(role, role)]
        if role == "heading":
            words[1] += f" {states['level']}"
        if role == "button" and "pressed" in states:
            words[1] = "toggle button"
            words += ["pressed"] if states["pressed"] == "true" else []
        if "checked" in states:
            words += ["checked" if states["checked"] == "true" else "not checked"]
        if "expanded" in states:
            words += ["expanded" if states["expanded"] else "collapsed"]
        words += [word for word in ("disabled", "selected") if states.get(word)]
        words += ["invalid"] if states.get("invalid") == "true" else []
        words += [self._spoken_value(node)] if role in ("slider", "spinbutton", "combobox", "progressbar") else []
        words += [_value(node, "description")]
        return ", ".join(filter(None, words))

    def _spoken_value(self, node: dict[str, Any]) -> str:
        """The words of a slider, where it has some; Chromium's tree has its position only."""
        found = self._session.send("DOM.resolveNode", {"backendNodeId": node["backendDOMNodeId"]})
        call = {"objectId": found["object"]["objectId"], "functionDeclaration": "function () {"
                " return this.getAttribute('aria-valuetext') ?? ''; }"}  # fmt: skip
        words = self._session.send("Runtime.callFunctionOn", call)["result"]["value"]
        value = node.get("value", {}).get("value")
        return words or ("" if value is None else f"{value:g}" if isinstance(value, float | int) else str(value))


def _value(node: dict[str, Any], name: str) -> str:
    return str(node.get(name, {}).get("value", "") or "")
