"""Rows: models of something else than images, and what is said of them."""

import keras
from keras import layers

from tests.zoo.not_models import foreign
from tests.zoo.plain import conv, sequential
from tests.zoo.table import EXPECTED, refused

OTHER_MODEL, NO_MODEL, _ = EXPECTED


@refused(
    OTHER_MODEL,
    "its inputs are 'words' (None,) string.",
    "It is a model of text: strings have no gradient to climb.",
    "keras.Model(model.get_layer('tokens').output, model.output)",
    error=ValueError,
)
def text_of_strings():
    """A model of text that takes strings."""
    words = keras.Input((), dtype="string", name="words")
    tokens = layers.TextVectorization(20, output_sequence_length=6, vocabulary=["a", "b"], name="tokens")(words)
    return keras.Model(words, layers.Dense(2)(layers.GlobalAveragePooling1D()(layers.Embedding(20, 4)(tokens))))


@refused(
    OTHER_MODEL,
    "its inputs are 'nodes' (None, 7, 4) float32, 'links' (None, 7, 7) float32.",
    "It looks like a network on graphs: its input 'links' says what belongs together",
    "If a part of it takes images, pass that: keras.Model(part.input, part.output)",
    error=ValueError,
)
def graph_network():
    """A network on graphs, with a matrix of neighbours."""
    nodes, links = keras.Input((7, 4), name="nodes"), keras.Input((7, 7), name="links")
    return keras.Model([nodes, links], layers.Dense(2)(keras.ops.matmul(links, layers.Dense(3)(nodes))))


@refused(
    OTHER_MODEL,
    "its inputs are 'nodes' (None, 4) float32, 'adjacency' (None, None) float32.",
    "It looks like a network on graphs: its input 'adjacency' says what belongs together",
    "keras.Model(part.input, part.output)",
    error=ValueError,
)
def sparse_graph_network():
    """A network on graphs, with a sparse matrix of neighbours."""
    nodes = keras.Input((4,), name="nodes")
    links = keras.Input((None,), sparse=True, name="adjacency")
    return keras.Model([nodes, links], keras.ops.matmul(links, layers.Dense(3)(nodes)))


@refused(
    OTHER_MODEL,
    "its inputs are 'row' (None, 7) float32.",
    "It is a model of a table, of 7 numbers for each example, which have no places in an image.",
    "How its first layer weighs them: model.get_layer('first').kernel.",
    error=ValueError,
)
def table():
    """A model of a table."""
    return keras.Sequential([keras.Input((7,), name="row"), layers.Dense(4, name="first"), layers.Dense(1)])


@refused(
    OTHER_MODEL,
    "its inputs are 'latent' (None, 6) float32.",
    "It makes images of its input, as a generator or a decoder does.",
    "FilterExplorer(discriminator)",
    error=ValueError,
)
def generator():
    """A GAN's generator."""
    start = [keras.Input((6,), name="latent"), layers.Dense(32), layers.Reshape((4, 4, 2))]
    return keras.Sequential([*start, layers.Conv2DTranspose(3, 3, strides=2)])


@refused(
    OTHER_MODEL,
    "The model 'mine' is not built: its input shape is unknown.",
    "Call it once on a batch of images, model(images)",
    error=ValueError,
    expected="",
)
def not_built():
    """A model that has seen no image."""
    return keras.Sequential([conv()], name="mine")


@refused(
    OTHER_MODEL,
    "The ascent is compiled by TensorFlow, but Keras runs on 'torch'.",
    'Set the environment variable KERAS_BACKEND="tensorflow" before Keras is imported.',
    error=RuntimeError,
    expected="",
)
def keras_on_torch(monkeypatch):
    """A Keras model on the backend torch or jax."""
    model = sequential()
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    return model


@refused(
    OTHER_MODEL,
    "a Keras model of another Keras than the one that is loaded",
    'Save it there, model.save("model.keras")',
    'start again with KERAS_BACKEND="tensorflow", and pass "model.keras"',
    expected=EXPECTED[NO_MODEL],
)
def another_keras():
    """A Keras model that was made before `keras.config.set_backend`."""
    return foreign("keras.src.models.model", "Layer", "Model")
