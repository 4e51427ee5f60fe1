"""How a model is understood: the part of a description that says what the image is and what becomes of it."""

import base64
import hashlib
import itertools
import marshal
import types
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Array:
    """An array as a value: equal and hashed by what it holds.

    Attributes:
        dtype: NumPy's name, e.g. "float32".
        shape: Its sizes.
        data: Its bytes in C order, little-endian.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    def __repr__(self) -> str:
        return f"Array({self.dtype}, {self.shape})"

    @classmethod
    def of(cls, values: Any) -> Self:
        """Copies anything that NumPy takes for an array of numbers.

        Raises:
            ValueError: If it is something else.
        """
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"Expected an array of numbers, got one of dtype {array.dtype}.")
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        return cls(array.dtype.name, array.shape, array.tobytes())

    def numpy(self) -> npt.NDArray[Any]:
        """The array; it cannot be written."""
        return np.frombuffer(self.data, np.dtype(self.dtype).newbyteorder("<")).reshape(self.shape)

    def to_json(self) -> dict[str, Any]:
        """Plain data; the bytes in base64."""
        return {"dtype": self.dtype, "shape": list(self.shape), "data": base64.b64encode(self.data).decode("ascii")}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """What `to_json` wrote.

        Raises:
            ValueError: If it is something else.
        """
        try:
            made = cls(
                str(data["dtype"]), tuple(map(int, data["shape"])), base64.b64decode(data["data"], validate=True)
            )
            made.numpy()
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"Expected an array with its dtype, shape and data, got something else: {error}") from None
        return made


@dataclass(frozen=True)
class Reading:
    """How a model is understood.

    Attributes:
        input: Name of the input that is optimised; "" where the model has one image only, whose name may be Keras' own
            and another one each time.
        image_size: `(height, width)` of the image in pixels.
        input_range: The lowest and highest value that its pixels take.
        preprocess: What happens to the image before the model sees it: "" for nothing, "caffe", "tf" or "torch", or
            the name of a function with a digest of its code (`named`).
        other_inputs: What the model's other inputs are held at, by name, in the alphabet's order; those that are not
            named are zeros.
        channels: Three channels to show as red, green and blue; None for the default.
        data: What the input is: "image", "spectrogram", "signal" or "volume" (`Data`).
        slices: How many slices a volume has; 1 for all else.
    """

    input: str
    image_size: tuple[int, int]
    input_range: tuple[float, float]
    preprocess: str = ""
    other_inputs: tuple[tuple[str, Array], ...] = ()
    channels: tuple[int, int, int] | None = None
    data: str = "image"
    slices: int = 1

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "input": self.input,
            "image_size": list(self.image_size),
            "input_range": list(self.input_range),
            "preprocess": self.preprocess,
            "other_inputs": {name: array.to_json() for name, array in self.other_inputs},
            "channels": None if self.channels is None else list(self.channels),
            "data": self.data,
            "slices": self.slices,
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """What `to_json` wrote.

        Raises:
            ValueError: If it is something else.
        """
        try:
            height, width = map(int, data["image_size"])
            low, high = map(float, data["input_range"])
            return cls(
                str(data["input"]),
                (height, width),
                (low, high),
                str(data["preprocess"]),
                held(data["other_inputs"], Array.from_json),
                None if data["channels"] is None else tuple(map(int, data["channels"])),  # type: ignore[arg-type]
                str(data.get("data", "image")),  # 0.1 knew images only
                int(data.get("slices", 1)),
            )
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise ValueError(f"This is no reading: {type(error).__name__}: {error}") from None


def held(other_inputs: Mapping[str, Any] | None, array: Any = Array.of) -> tuple[tuple[str, Array], ...]:
    """What other inputs are held at, as `Reading` has it."""
    return tuple((str(name), array(value)) for name, value in sorted((other_inputs or {}).items()))


_numbers = itertools.count(1)
_numbered: "weakref.WeakKeyDictionary[Any, int]" = weakref.WeakKeyDictionary()


def named(preprocess: Any) -> str:
    """A preprocessing as `Reading` names it: the same name means the same computation.

    A function is named by its place and a digest of its code, its defaults and what it captures, as far as that are
    numbers and text, so that it has the same name in every process. Any other callable has a number of its own in
    this process.

    >>> named("caffe"), named(None)
    ('caffe', '')
    """
    if preprocess is None or isinstance(preprocess, str):
        return preprocess or ""
    place = f"{getattr(preprocess, '__module__', '')}.{getattr(preprocess, '__qualname__', type(preprocess).__name__)}"
    try:
        return f"{place}#{hashlib.sha256(_contents(preprocess)).hexdigest()[:12]}"
    except (TypeError, ValueError):
        return f"{place}#{_number(preprocess)}"


def _contents(function: Any) -> bytes:
    if not isinstance(function, types.FunctionType):
        raise TypeError
    code = function.__code__
    captured = [cell.cell_contents for cell in function.__closure__ or ()]
    # A name that the code looks up in its module may stand for anything, but a module or a builtin is what it is.
    known = {name: function.__globals__[name] for name in code.co_names if name in function.__globals__}
    values = [value for value in known.values() if not isinstance(value, types.ModuleType)]
    plain = (None, function.__defaults__, function.__kwdefaults__, captured, values)
    # Version 2, whose bytes do not depend on how often a constant is referred to.
    return marshal.dumps(code, 2) + marshal.dumps(plain, 2)


def _number(thing: Any) -> str:
    try:
        return f"{_numbered.setdefault(thing, next(_numbers))}"
    except TypeError:  # not to be held weakly, or not hashable: by its address, as long as it lives
        return f"at-{id(thing):x}"
