"""What stands beside the explorer's picture: its traits, the user's photo and images, and who finds them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from filterviz_widget.description.ranges import short
from filterviz_widget.picture import image_url
from filterviz_widget.widgets.dropped import weakly
from filterviz_widget.widgets.explorer_given import ExplorerGiven
from filterviz_widget.widgets.explorer_state import ExplorerState, Setting
from filterviz_widget.widgets.panel_names import PANELS, checked_panels, checked_sheet
from filterviz_widget.widgets.telling_widget import LOCK

if TYPE_CHECKING:
    from filterviz_widget.description import Description
    from filterviz_widget.engine import Engine
    from filterviz_widget.session import Outcome, Turn, Wish, Wishes
    from filterviz_widget.widgets.panels import Moment


def _panel(help: str) -> traitlets.Dict[str, Any]:
    return traitlets.Dict(read_only=True, help=help).tag(sync=True)


class ExplorerPanels(ExplorerGiven):
    """The panels of a `FilterExplorer`. Each trait `<name>_panel` holds what a panel shows, and what that is about."""

    SETTINGS: ClassVar[tuple[str, ...]] = (*ExplorerState.SETTINGS, "panels", "sheet_of")
    LATER: ClassVar[frozenset[str]] = frozenset({"film", *(f"{name}_panel" for name in PANELS)})

    panels = Setting[list[str], Sequence[str]](
        ["kernel", "strongest", "map"], help="Which panels stand beside the picture."
    ).tag(sync=True)
    sheet_of = Setting[str, str]("map", help="What the sheet shows of each filter: map, strongest or optimum.").tag(
        sync=True
    )
    film = traitlets.Dict(
        read_only=True, help="How the picture formed: frames as [iteration, data URL], and of which picture."
    ).tag(sync=True)
    busy: traitlets.List[Any] = traitlets.List(read_only=True, help="Panels that are being computed.").tag(sync=True)
    read: traitlets.List[Any] = traitlets.List(
        read_only=True, help="How many images of the set were read in the pass that is on, and of how many."
    ).tag(sync=True)
    kernel_panel = _panel("The filter's kernel.")
    field_panel = _panel("What the positions of the feature map see.")
    strongest_panel = _panel("The images of the set that excite the filter most and least.")
    map_panel = _panel("The filter's feature map over the photo.")
    attention_panel = _panel("Where the heads of an attention layer look in the photo.")
    inhibits_panel = _panel("The picture of the opposite sign.")
    photo_panel = _panel("What in the photo excites the filter.")
    without_panel = _panel("The model's outputs with and without the filter.")
    neighbours_panel = _panel("Filters before and behind with the strongest effective weights.")
    sheet_panel = _panel("What the sheet of the layer is about.")

    _wishes: Wishes | None = None
    _pages: tuple[int, ...] = ()
    _looks_from: tuple[str, int, int] | None = None
    _settle: Callable[[Engine, Description], Description]
    _engine: Callable[[], Engine] | None

    def _checked(self, name: str, value: Any) -> Any:
        if name == "panels":
            return checked_panels(value)
        if name == "sheet_of":
            return checked_sheet(value)
        return super()._checked(name, value)

    def _accept(self, sent: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        accepted, problems = super()._accept(sent)
        for name, check in (("panels", checked_panels), ("sheet_of", checked_sheet)):
            if name in sent:
                try:
                    accepted[name] = check(sent[name])
                except ValueError as error:
                    problems.append(str(error))
        return accepted, problems

    def _open_panels(self, engine: Callable[[], Engine], may: Callable[[Turn], bool]) -> None:
        from filterviz_widget.session import Wishes

        self._wishes = Wishes(engine, weakly(self._outcome, False), may)
        self.observe(self._ask_panels, ["panels", "sheet_of"])

    def _moment(self) -> Moment:
        from filterviz_widget.widgets.panels import Moment

        has_heads = any(layer["heads"] for layer in self.layers if layer["name"] == self.layer)
        place = self._looks_from[1:] if self._looks_from and self._looks_from[0] == self.layer else None
        return Moment(self._wanted(), self._settle, self._photo, self._photos, self._class_names, has_heads, place)

    def _wanted(self) -> Description:
        raise NotImplementedError

    def _ask_panels(self, _: Any = None, *, anew: bool = False) -> None:
        """Wishes for what the visible panels show of the present settings."""
        if self._wishes is None:
            return
        from filterviz_widget.widgets import panels

        with LOCK:
            moment, filters = self._moment(), self._filters().get(self.layer, 1)
            wishes: dict[str, Wish] = {}
            visible = [name for name in panels.COST if name in self.panels or name == "field"]
            for name in visible:
                if name == "sheet":
                    wishes |= self._sheet_wishes(moment, filters)
                    continue
                wish = panels.wish(name, moment)
                if isinstance(wish, str):
                    self._publish({f"{name}_panel": {"empty": wish, **self._about()}})
                else:
                    wishes[name] = wish
            if "without" in wishes and (more := panels.without_set(moment)):
                wishes["without_set"] = more
            wishes["film"] = panels.film(moment)
            if self._wishes is not None:
                new = self._wishes.wish(wishes, anew=anew)
                self.set_trait("busy", [name for name in visible if name in new])
                if new:
                    self.set_trait("working", True)

    def _rest(self) -> None:
        """Wishes for nothing until a setting changes."""
        with LOCK:
            if self._wishes is not None:
                self._wishes.wish({})
                self._publish({"busy": [], "read": []})

    def _sheet_wishes(self, moment: Moment, filters: int) -> dict[str, Wish]:
        from filterviz_widget.widgets import sheet

        key, send = sheet.key(moment, self.sheet_of), weakly(self._send_sprite)
        return {
            "sheet": sheet.overview(moment, self.sheet_of, filters),
            "sprites": sheet.sprites(
                moment, self.sheet_of, self._pages, filters, lambda page, data: send(key, page, data)
            ),
        }

    def _about(self) -> dict[str, Any]:
        return {"layer": self.layer, "filter": self.filter}

    def _outcome(self, name: str, wish: Wish, outcome: Outcome) -> bool:
        """Shows what became of a wish. Called on a background thread."""
        with LOCK:
            if self._wishes is None:
                return False
            if outcome.progress is not None:
                count = None if self._photos is None else self._photos.count
                self._publish({"read": [outcome.progress, count]})
            elif name == "film":
                if outcome.error is None:
                    self._publish({"film": {"frames": self._pace.affordable(outcome.answer), **wish.about}})
            elif name == "without_set":
                shown = self.without_panel
                more = {"set_words": _words(outcome.error)} if outcome.error else outcome.answer
                if all(shown.get(key) == value for key, value in wish.about.items()):
                    self._publish({"without_panel": {**shown, **more}})
                self._publish({"read": []})
            elif name != "sprites":
                state = {"error": _words(outcome.error)} if outcome.error else outcome.answer
                self._publish({f"{name}_panel": {**state, **wish.about}, "read": []})
                self._publish({"busy": [each for each in self.busy if each != name]})
        return True

    def _send_sprite(self, key: str, page: int, data: bytes) -> None:
        with LOCK:
            if self._wishes is not None:
                self.send({"type": "sprite", "key": key, "page": page, "source": image_url(data)})

    def _heard(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """What the page says of panels."""
        kind = content["type"]
        if kind == "sheet":
            pages = content.get("pages")
            if isinstance(pages, list) and len(pages) <= 64 and all(type(each) is int and each >= 0 for each in pages):
                self._pages = tuple(pages)
                self._ask_panels()
        elif kind == "attention":
            place: Any = [content.get("row"), content.get("column")]
            is_place = all(type(each) is int and 0 <= each < 2048 for each in place)
            self._looks_from = (self.layer, *place) if is_place else None
            self._ask_panels()
        elif kind == "photo":
            self._receive_photo(content, buffers)


def _words(error: Exception) -> str:
    if isinstance(error, ValueError | FloatingPointError | MemoryError):
        return str(error)
    return f"{type(error).__name__}: {short(str(error))}"
