"""The built front end, as text."""

from functools import cache
from importlib.resources import files


@cache
def frontend(name: str) -> str:
    """Reads a file of the bundle, such as "widget.js" or "history.css".

    The text, not its path: anywidget watches a path, and what watches keeps a closed widget, and with it the
    user's model, alive.

    Raises:
        ImportError: If the bundle was not built.
    """
    try:
        return files("filterviz_widget").joinpath("static", name).read_text("utf-8")
    except FileNotFoundError:
        raise ImportError(
            f"The front end is not built: filterviz_widget/static/{name} is missing. "
            "In a checkout run `python hatch_build.py`; otherwise install filterviz-widget anew."
        ) from None
