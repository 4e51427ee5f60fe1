"""The kernels of a layer as a matplotlib figure: `plot_kernels`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from filterviz_widget.model.kernels import Array
from filterviz_widget.picture.kernel_sheet import Sheet, chosen, find_kernels, make_sheet, paged, spread
from filterviz_widget.picture.signed_colours import NOT_FINITE, STOPS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, SubFigure

TILES = 16
"""Kernels per figure in either direction: more are too small to see."""

MATRIX = 256
"""Rows and columns of a heat map of 1x1 kernels."""


def plot_kernels(
    model_or_array: Any,
    layer: Any = None,
    *,
    filters: int | Iterable[int] | None = None,
    inputs: int | Iterable[int] | None = None,
    scale: Literal["layer", "filter"] = "layer",
    signed: bool = True,
    part: str | None = None,
    page: int = 1,
    max_filters: int | None = None,
    max_inputs: int | None = None,
    rgb: bool | None = None,
) -> Figure:
    """Draws the kernels of a layer: one row per filter, one column per input channel.

    1x1 kernels (and dense layers) are drawn as one heat map, filters by inputs. A separable convolution is drawn in
    its two parts, one above the other. A depthwise filter sees one input, so it has one column.

    Args:
        model_or_array: A Keras model, a layer, or an array `(height, width, inputs, filters)` of any float type.
        layer: The model's layer: itself, its name or path ("vgg16/block3_conv1"), or its index in `model.layers`.
        filters: Which filters, counted from 0; None for all.
        inputs: Which input channels, counted from 0; None for all.
        scale: "layer": one scale for all kernels of the layer, also those that are not drawn. "filter": each row has
            its own, so weak filters are seen as well as strong ones.
        signed: True: blue is negative, white zero, red positive, on a scale symmetric around zero with a colour bar.
            False: grey, the lowest weight black and the highest white (0 to 1).
        part: "depthwise" or "pointwise" of a separable convolution; None for both.
        page: Which page of filters, from 1. The figure says how many there are.
        max_filters: Rows per page; 16, or 256 for a heat map.
        max_inputs: Columns; 16, or 256 for a heat map. Of more input channels, evenly spaced ones are drawn, and the
            figure says so.
        rgb: Whether the three input channels are red, green and blue, so that each filter is drawn in colour too, in
            a column of its own (signed only). None: if there are three and the layer is the model's first with a
            kernel, or an array was given.

    Returns:
        A matplotlib Figure, made without pyplot: show it by naming it, keep it with `figure.savefig(path)`.

    Raises:
        TypeError: If the first argument is none of these.
        ValueError: If there is no such layer, filter, input channel, part or page, or the layer has no kernel.

    Example:

    >>> plot_kernels(model, "conv2d_1", signed=False)
    """
    from filterviz_widget.picture.figure import NotebookFigure

    if scale not in ("layer", "filter"):
        raise ValueError(f'scale must be "layer" or "filter", got {scale!r}.')
    name, kernels, first = find_kernels(model_or_array, layer)
    if part is not None:
        if part not in kernels:
            raise ValueError(f"{name} has the parts {', '.join(kernels)}; got part={part!r}.")
        kernels = {part: kernels[part]}
    if len(kernels) > 1 and not (filters is None and inputs is None and page == 1):
        raise ValueError(f"{name} has the parts {', '.join(kernels)}: name one of them with part= to choose in it.")
    sheets = []
    for part_name, kernel in kernels.items():
        most = MATRIX if kernel.shape[:2] == (1, 1) else TILES
        title = name if part_name == "kernel" else f"{name}, {part_name} part"
        rows, row_words = paged(chosen("filters", filters, kernel.shape[3]), page, max_filters or most, kernel)
        columns, column_words = spread(chosen("inputs", inputs, kernel.shape[2]), max_inputs or most, kernel)
        title = f"{title}: {row_words}, {column_words}"
        coloured = signed and kernel.shape[2] == 3 and (first if rgb is None else rgb)
        sheets.append(make_sheet(title, kernel, rows, columns, scale, coloured))

    sizes = np.array([_size(sheet) for sheet in sheets])
    figure = NotebookFigure(figsize=(sizes[:, 0].max(), sizes[:, 1].sum()))
    areas: Any = [figure] if len(sheets) == 1 else figure.subfigures(len(sheets), 1, height_ratios=sizes[:, 1])
    for area, sheet in zip(areas, sheets, strict=True):
        _draw(area, sheet, signed, scale)
    return figure


def _size(sheet: Sheet) -> tuple[float, float]:
    """Width and height in inches."""
    if sheet.kernel.shape[:2] == (1, 1):
        return np.clip(len(sheet.inputs) * 0.2, 3, 9) + 1.8, np.clip(len(sheet.filters) * 0.2, 2, 9) + 1.0
    tile = 0.55
    columns = len(sheet.inputs) + sheet.colour
    return max(columns * tile + 1.7, 4.5), max(len(sheet.filters) * tile, 1.1) + 1.05


def _scaled(sheet: Sheet, row: int, signed: bool, scale: str) -> Array:
    kernel = sheet.kernel[..., sheet.filters[row]]
    if not signed:
        span = sheet.high[row] - sheet.low[row]
        return (kernel - sheet.low[row]) / (span if span > 0 else 1)
    return kernel / sheet.limits[row] if scale == "filter" else kernel


def _ends(sheet: Sheet, signed: bool, scale: str) -> tuple[float, float]:
    if not signed:
        return 0.0, 1.0
    limit = 1.0 if scale == "filter" else float(sheet.limits[0])
    return -limit, limit


def _colours(signed: bool) -> Colormap:
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    bad = "#{:02x}{:02x}{:02x}".format(*NOT_FINITE)
    if not signed:
        return colormaps["gray"].with_extremes(bad=bad)
    return LinearSegmentedColormap.from_list("signed", np.array(STOPS) / 255, N=511).with_extremes(bad=bad)


def _draw(area: Figure | SubFigure, sheet: Sheet, signed: bool, scale: str) -> None:
    """All kernels are one image with lines between them: 256 axes would take matplotlib seconds."""
    rows, columns = len(sheet.filters), len(sheet.inputs)
    kernels = np.stack([_scaled(sheet, row, signed, scale)[:, :, sheet.inputs] for row in range(rows)])
    low, high = _ends(sheet, signed, scale)
    ratios = [columns, 1] if sheet.colour else [1]
    axes = area.subplots(1, len(ratios), squeeze=False, width_ratios=ratios)[0]
    aspect: Any = "auto" if kernels.shape[1:3] == (1, 1) else "equal"
    pixels = kernels.transpose(0, 1, 3, 2).reshape(rows * kernels.shape[1], -1)
    image = axes[0].imshow(pixels, cmap=_colours(signed), vmin=low, vmax=high, aspect=aspect, interpolation="nearest")
    _rule(axes[0], sheet, [str(one) for one in sheet.inputs])
    axes[0].set_xlabel("input", fontsize=8)
    axes[0].set_ylabel("filter", fontsize=8)
    if sheet.colour:
        axes[0].set_anchor("E")
        axes[1].set_anchor("W")
        shown = np.moveaxis(sheet.kernel[..., sheet.filters], -1, 0) / sheet.limits[:, None, None, None]
        coloured = np.clip(0.5 + np.nan_to_num(shown) / 2, 0, 1)
        axes[1].imshow(coloured.reshape(-1, *coloured.shape[2:]), interpolation="nearest")
        _rule(axes[1], sheet, ["RGB"])
        axes[1].set_yticks([])
    area.suptitle(sheet.title, fontsize=9, x=0.02, ha="left")
    bar = area.colorbar(image, ax=axes, aspect=24)
    bar.ax.set_label("scale")
    words = "weight" if signed and scale == "layer" else f"share of the {scale}'s range"
    bar.set_label("share of the filter's largest weight" if signed and scale == "filter" else words, fontsize=7)
    bar.ax.tick_params(labelsize=7)


def _rule(axis: Axes, sheet: Sheet, columns: list[str]) -> None:
    """Numbers the kernels of an image, at most so many that they can be read, and draws lines between them."""
    height, width = sheet.kernel.shape[:2]
    for side, step, names, line in (
        (axis.xaxis, width, columns, axis.axvline),
        (axis.yaxis, height, [str(one) for one in sheet.filters], axis.axhline),
    ):
        most = len(names) if len(names) <= TILES else 8
        named = np.unique(np.linspace(0, len(names) - 1, most).round().astype(int))
        side.set_ticks(named * step + (step - 1) / 2, [names[one] for one in named], fontsize=7)
        side.set_tick_params(length=0)
        for place in range(1, len(names) if (height, width) != (1, 1) else 0):
            line(place * step - 0.5, color="black", linewidth=4, zorder=2)
            line(place * step - 0.5, color="white", linewidth=2.5, zorder=3)
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
