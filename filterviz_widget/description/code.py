"""The lines of Python that make a picture again."""

from collections.abc import Mapping
from typing import Any

from filterviz_widget.description.description import Description
from filterviz_widget.description.presets import PRESETS


def code(wanted: Description, method: str, reading: Mapping[str, Any]) -> str:
    """Writes a call of `visualize_filter`; the model is expected under the name `model`.

    Args:
        wanted: The picture.
        method: Name of the preset that its method comes from.
        reading: How the model was read: arguments of `read_model`. What has no short written form, such as a
            function, is expected under the argument's own name.
    """
    preset = PRESETS[method].method.options()
    arguments = {
        "method": method,
        **{name: value for name, value in wanted.method.options().items() if value != preset[name]},
        "step_size": wanted.step_size,
        "iterations": wanted.iterations,
        "seed": wanted.seed,
        "image_size": wanted.image_size,
        "input_range": wanted.input_range,
        "precision": wanted.precision,
    }
    lines = [f"    {name}={value!r}," for name, value in arguments.items()]
    for name in ("input", "preprocess", "other_inputs", "channels", "data", "input_shape"):
        value = reading.get(name)
        if value is not None and (name, value) != ("data", "auto"):
            is_short = isinstance(value, str | int | tuple | list) or name == "input_shape"
            written = repr(value) if is_short else name
            lines.append(f"    {name}={written},")
    return "\n".join(
        [
            "from filterviz_widget import visualize_filter",
            "",
            "picture = visualize_filter(",
            f"    model, {wanted.layer!r}, {wanted.filter},",
            *lines,
            ")",
            "",
        ]
    )
