"""What the page sends is not trusted: wrong settings are refused or clamped, in words."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from filterviz_widget.description.data import IMAGE, fitted
from filterviz_widget.description.method import check_option
from filterviz_widget.description.presets import PRESETS, preset
from filterviz_widget.description.ranges import RANGES, Range, fit, short

MOST_PROBLEMS = 5
"""That are said of one message."""

LONGEST_NAME = 200
"""Characters up to which a name is worth looking for its like."""


def accept(
    sent: Mapping[str, Any], layers: Mapping[str, int], present: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Sorts a message of the page.

    Args:
        sent: Any JSON under any names; what is not a setting is passed over.
        layers: Filter counts by layer name.
        present: The settings in force, and under "data" what the model's input is.

    Returns:
        The settings to apply, in this order, each valid; and a sentence for everything that was wrong.
    """
    accepted: dict[str, Any] = {}
    problems: list[str] = []
    if "method" in sent:
        try:
            preset(sent["method"])
            accepted["method"] = sent["method"]
        except ValueError as error:
            problems.append(str(error))
    if "layer" in sent:
        if isinstance(sent["layer"], str) and sent["layer"] in layers:
            accepted["layer"] = sent["layer"]
        else:
            problems.append(unknown_layer(sent["layer"], layers))
    count = layers.get(accepted.get("layer", present["layer"]), 1)
    for name, allowed in {"filter": Range(0, count - 1, whole=True), **RANGES}.items():
        if name in sent:
            try:
                accepted[name], problem = fit(name, sent[name], allowed)
            except ValueError as error:
                problem = str(error)
            if problem:
                problems.append(problem)
    if "options" in sent:
        base = present["options"]
        if "method" in accepted:
            base = fitted(PRESETS[accepted["method"]].method, present.get("data", IMAGE)).options()
        options, wrong = accept_options(sent["options"], base, count)
        accepted["options"] = options
        problems += wrong
    if "all_layers" in sent:
        if isinstance(sent["all_layers"], bool):
            accepted["all_layers"] = sent["all_layers"]
        else:
            problems.append(f"all_layers must be true or false, got {short(sent['all_layers'])}.")
    return accepted, problems


def accept_options(sent: Any, present: Mapping[str, Any], filters: int) -> tuple[dict[str, Any], list[str]]:
    """Sorts the axes of a method: returns those in force, changed where the change is valid, and what was wrong."""
    if not isinstance(sent, Mapping):
        return dict(present), [f"options must be a dictionary of axes, got {short(sent)}."]
    options = dict(present)
    problems: list[str] = []
    for name, value in sent.items():
        try:
            checked = check_option(str(name)[:LONGEST_NAME], value)
            if name == "direction" and any(number >= filters for number, _ in checked):
                raise ValueError(f"direction must have filters from 0 to {filters - 1}, got {short(value)}.")
            options[name] = [list(each) for each in checked] if name == "direction" else checked
        except (TypeError, ValueError) as error:
            problems.append(str(error))
        if len(problems) == MOST_PROBLEMS:
            break
    return options, problems


def unknown_layer(value: Any, known: Mapping[str, int]) -> str:
    """Says that there is no such layer, and what there is."""
    names: Sequence[str] = list(known)
    is_name = isinstance(value, str) and len(value) <= LONGEST_NAME
    close = difflib.get_close_matches(value, names, 1) if is_name else []
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names[:8])}{', ...' * (len(names) > 8)}."
    return f"There is no layer {short(value)}; {hint}"


def recorded_layer(value: Any, layers: Sequence[str]) -> str:
    """The path of a recorded layer, or "" for none; raises ValueError for anything else."""
    if not isinstance(value, str) or (value and value not in layers):
        raise ValueError(f"There is no recorded layer {short(value)}; there are {', '.join(layers) or 'none'}.")
    return value


def recorded_filter(value: Any, filters: Sequence[int]) -> int:
    """One of the recorded filters; raises ValueError for anything else."""
    if type(value) not in (int, float) or value not in filters:
        raise ValueError(f"filter must be one of {short(list(filters))}, got {short(value)}.")
    return int(value)
