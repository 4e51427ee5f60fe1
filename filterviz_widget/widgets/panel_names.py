"""Which panels can stand beside the picture, and what the sheet can show: names, as the page and Python say them."""

from collections.abc import Sequence
from typing import Any

from filterviz_widget.description.ranges import short

PANELS = ("kernel", "field", "strongest", "map", "attention", "inhibits", "photo", "without", "neighbours", "sheet")
"""In the order in which they stand."""

MOST_NAMES = 100
"""That are looked through."""

SHEETS = {"map": "Feature maps on the photo", "strongest": "Strongest images", "optimum": "Optima"}


def checked_panels(value: Any) -> list[str]:
    """Names of panels, in their order on the page.

    Raises:
        ValueError: For anything else.
    """
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)
    if not is_list or len(value) > MOST_NAMES or any(each not in PANELS for each in value):
        raise ValueError(f"panels must be names among {', '.join(PANELS)}, got {short(value)}.")
    return [name for name in PANELS if name in value]


def checked_sheet(value: Any) -> str:
    """What a sheet can show.

    Raises:
        ValueError: For anything else.
    """
    if not isinstance(value, str) or value not in SHEETS:
        raise ValueError(f"sheet_of must be one of {', '.join(map(repr, SHEETS))}, got {short(value)}.")
    return value
