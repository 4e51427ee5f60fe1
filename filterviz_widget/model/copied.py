"""A copy of a model that was never called, so that weights can be made for the copy and not for the model."""

import io
import pickle
import types
from typing import Any

import keras

SHARED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.MethodType)
"""What a copy and its original have in common: code, which cannot be copied and need not be."""


def copied(model: Any) -> Any:
    """Copies a Keras model or layer without weights, with all layers in it; code and TensorFlow's objects are shared.

    Keras itself copies a model through its configuration, which a subclass seldom has.

    Raises:
        Exception: What an attribute of the user's raises that cannot be copied.
    """
    shared: list[Any] = []
    written = io.BytesIO()
    _Pickler(written, shared).dump(model)
    return _Unpickler(io.BytesIO(written.getvalue()), shared).load()


class _Pickler(pickle.Pickler):
    def __init__(self, file: Any, shared: list[Any]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_id(self, thing: Any) -> int | None:
        of_tensorflow = type(thing).__module__.startswith("tensorflow.")
        of_training = isinstance(thing, keras.Optimizer | keras.Loss | keras.Metric)
        if not isinstance(thing, SHARED) and not of_tensorflow and not of_training:
            return None
        self._shared.append(thing)
        return len(self._shared) - 1

    def reducer_override(self, thing: Any) -> Any:
        kind = type(thing)
        if isinstance(thing, keras.Layer):
            return kind.__new__, (kind,), dict(vars(thing)), None, None, _fill
        for plain in (list, dict, set):  # those of Keras note what is put into them, and are not ready for that here
            if isinstance(thing, plain) and kind is not plain and kind.__module__.startswith("keras."):
                return kind.__new__, (kind,), (vars(thing), plain(thing)), None, None, _fill_collection
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, shared: list[Any]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, number: Any) -> Any:
        return self._shared[number]


def _fill(layer: Any, state: dict[str, Any]) -> None:
    # Keras puts functions that know the layer into each new one, such as `build`; the copy keeps its own.
    own = {name for name, value in vars(layer).items() if isinstance(value, types.FunctionType)}
    vars(layer).update({name: value for name, value in state.items() if name not in own})


def _fill_collection(collection: Any, state: tuple[dict[str, Any], Any]) -> None:
    vars(collection).update(state[0])
    if isinstance(collection, list):
        list.extend(collection, state[1])
    elif isinstance(collection, dict):
        dict.update(collection, state[1])
    else:
        set.update(collection, state[1])
