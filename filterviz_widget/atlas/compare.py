"""Two atlases of the same architecture, filter by filter."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.atlas.files import LAYER, understood
from filterviz_widget.atlas.profile import likeness

if TYPE_CHECKING:
    import pandas

    from filterviz_widget.atlas.atlas import Atlas


def compared(one: Atlas, other: Atlas) -> pandas.DataFrame:
    """See `Atlas.compare`.

    Raises:
        ValueError: If they are of different architectures.
        ImportError: If pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("compare() needs pandas: install filterviz-widget[dataframe].") from None
    first, second = ([one_.layer(name) for name in one_.layers] for one_ in (one, other))
    counts = [[(each["name"], each["filters"]) for each in layers] for layers in (first, second)]
    if counts[0] != counts[1]:
        missing = sorted({name for name, _ in {*counts[0]} ^ {*counts[1]}})
        raise ValueError(f"The atlases are of different architectures, or of other layers: {', '.join(missing[:6])}.")
    frames = []
    for left, right in zip(first, second, strict=True):
        profiles = [_profiles(one, left), _profiles(other, right)]
        with understood(one.folder / left["folder"] / LAYER):
            frame = pandas.DataFrame(
                {
                    "layer": left["name"],
                    "filter": np.arange(left["filters"]),
                    "likeness": likeness(*profiles),
                    "activation": np.array(left["activations"], np.float64),
                    "other_activation": np.array(right["activations"], np.float64),
                }
            )
        frames.append(frame[frame["activation"].notna() & frame["other_activation"].notna()])
    whole = pandas.concat(frames, ignore_index=True)
    return whole.sort_values("likeness", kind="stable", ignore_index=True)


def _profiles(atlas: Atlas, layer: dict[str, Any]) -> npt.NDArray[np.int8]:
    with understood(atlas.folder / layer["folder"] / LAYER):
        data = np.frombuffer(base64.b64decode(layer["profiles"]), np.int8)
        return data.reshape(layer["filters"], layer["profile_size"])
