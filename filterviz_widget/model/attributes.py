"""What a call leaves in the attributes of a user's layers, put back: counters, the last features, variables."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf


@contextlib.contextmanager
def attributes_kept(layers: Iterable[Any]) -> Iterator[None]:
    """Puts back what changes within of the layers' own attributes, and of the `tf.Variable`s among them.

    Keras' own attributes, which begin with an underscore, are left alone, as is what another thread builds.

    Args:
        layers: Keras layers.
    """
    before = [(layer, {name: value for name, value in vars(layer).items() if _is_users(name)}) for layer in layers]
    values = [
        (value, tf.identity(value))
        for _, attributes in before
        for value in attributes.values()
        if isinstance(value, tf.Variable) and hasattr(value, "handle")
    ]
    try:
        yield
    finally:
        for layer, attributes in before:
            own = vars(layer)
            for name in [name for name in own if _is_users(name) and name not in attributes]:
                del own[name]
            own.update({name: value for name, value in attributes.items() if own.get(name) is not value})
        for variable, value in values:
            if variable.dtype.is_floating or variable.dtype.is_integer:
                now = tf.identity(variable)
                if not bool(tf.reduce_all((now == value) | ((now != now) & (value != value)))):
                    variable.assign(value)


def _is_users(name: str) -> bool:
    return not name.startswith("_") and name not in ("built", "build", "quantize")
