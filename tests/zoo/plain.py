"""Rows: how a model is put together. Sequential, Functional, nested, subclassed, several inputs and outputs."""

import keras
from keras import layers, ops

from tests.zoo.table import SIZE, Made, called, image, shown, weighed

KERAS = "Keras: plain"
NESTED = "Keras: nested and shared"
SUBCLASSED = "Keras: subclassed"
SEVERAL = "Keras: several inputs and outputs"


def conv(filters=4, name="conv", **options):
    return layers.Conv2D(filters, 3, padding="same", name=name, **options)


@shown(KERAS, "conv")
def sequential():
    """A Sequential model."""
    return weighed(keras.Sequential([image(), conv(activation="elu"), layers.Flatten(), layers.Dense(3)]))


@shown(KERAS, "sum")
def functional():
    """A Functional model with branches; any layer with a feature map, not only convolutions."""
    x = image()
    both = layers.Add(name="sum")([conv(name="a")(x), conv(name="b", activation="elu")(x)])
    return weighed(keras.Model(x, layers.GlobalAveragePooling2D()(both)))


@shown(KERAS, "conv", size=(12, 20, 3), options={"image_size": (12, 20)})
def open_size():
    """A model that leaves the size of the image open."""
    return weighed(keras.Sequential([keras.Input((None, None, 3)), conv()]))


@shown(KERAS, "conv", size=(SIZE, SIZE, 1))
def grey():
    """A model of grey images."""
    return weighed(keras.Sequential([image(1), conv()]))


@shown(
    KERAS,
    "conv",
    size=(SIZE, SIZE, 7),
    options={"channels": [4, 2, 0]},
    caption="Channels 4, 2, 0 as red, green, blue.",
)
def many_channels():
    """A model of seven channels; three of them are shown as red, green and blue."""
    return weighed(keras.Sequential([image(7), conv()]))


@shown(KERAS, "conv")
def frozen():
    """A model that is compiled and frozen."""
    model = weighed(keras.Sequential([image(), conv(), layers.GlobalAveragePooling2D(), layers.Dense(2)]))
    model.compile("adam", "mse")
    model.trainable = False
    return model


@shown(KERAS, "conv")
def saved_as_keras(folder):
    """The path of a .keras file."""
    model = sequential()
    model.save(folder / "model.keras")
    return Made(folder / "model.keras", keras.Model(model.inputs[0], model.get_layer("conv").output))


@shown(KERAS, "conv")
def saved_as_h5(folder):
    """The path of a .h5 file."""
    model = sequential()
    model.save(folder / "model.h5")
    return Made(str(folder / "model.h5"), keras.Model(model.inputs[0], model.get_layer("conv").output))


def backbone(name="backbone"):
    x = image()
    y = layers.BatchNormalization(name="norm")(conv(name="first", activation="elu")(x))
    return keras.Model(x, conv(name="second")(y), name=name)


@shown(NESTED, "backbone/second")
def nested():
    """A model in a model, with a head."""
    inner = backbone()
    weighed(keras.Sequential([image(), inner, layers.GlobalAveragePooling2D(), layers.Dense(2)], name="whole"))
    return Made(keras.Sequential([image(), inner, layers.Flatten(), layers.Dense(2)]), inner)


@shown(NESTED, "outer/middle/backbone/second", range=(0.0, 255.0), source="read from the Rescaling layer")
def three_deep():
    """A model in a model in a model."""
    inner = backbone()
    middle = keras.Sequential([image(), inner], name="middle")
    x = image()
    outer = keras.Model(x, middle(layers.Rescaling(1 / 255)(x)), name="outer")
    model = weighed(keras.Sequential([image(), outer, layers.GlobalMaxPooling2D()]))
    return Made(model, lambda given: inner(given / 255))


@shown(NESTED, "shared:1")
def shared_layer():
    """A layer that is used twice: its second use."""
    x, shared = image(), conv(3, "shared", activation="tanh")
    model = weighed(keras.Model(x, shared(layers.AveragePooling2D(2)(shared(x)))))
    return Made(model, model)


@shown(NESTED, "twin:1/conv", options={"input": "right"})
def siamese():
    """A Siamese network: one encoder for two images, one of which is optimised."""
    left, right = image(name="left"), image(name="right")
    encoder = keras.Sequential([image(), conv(name="conv"), layers.GlobalAveragePooling2D()], name="twin")
    distance = layers.Subtract()([encoder(left), encoder(right)])
    model = weighed(keras.Model([left, right], layers.Dense(1, activation="sigmoid")(distance)))
    return Made(model, encoder.get_layer("conv"))


class Subclass(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.conv, self.head = conv(name="conv"), layers.Dense(3, name="head")

    def call(self, images):
        return self.head(ops.mean(ops.relu(self.conv(images * 2 - 1)), axis=(1, 2)))


@shown(SUBCLASSED, "conv", way="followed", source="read from the arithmetic")
def subclass():
    """A subclass of keras.Model, of Keras layers and keras.ops."""
    model = called(Subclass())
    return Made(model, lambda given: model.conv(given * 2 - 1))


@shown(SUBCLASSED, "head", way="followed", filter=1, source="read from the arithmetic")
def units_of_a_subclass():
    """The units of a subclass."""
    model = called(Subclass())
    return Made(model, model)


class Block(layers.Layer):
    def build(self, shape):
        self.inner, self.norm = conv(name="inner"), layers.BatchNormalization()
        self.inner.build(shape)
        self.norm.build((*shape[:-1], 4))

    def call(self, x):
        return ops.elu(self.norm(self.inner(x)))


@shown(SUBCLASSED, "block/inner", source="read from the Rescaling layer")
def block():
    """A layer of one's own with layers in it, which are shown too."""
    own = Block(name="block")
    model = weighed(keras.Sequential([image(), layers.Rescaling(2.0, -1.0), own]))
    return Made(model, lambda given: own.inner(2 * given - 1))


class Scaled(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 5))

    def call(self, x):
        return ops.tanh(ops.matmul(x, self.kernel))


@shown(SUBCLASSED, "scaled")
def custom_layer():
    """A layer of one's own with weights of its own."""
    return weighed(keras.Sequential([image(), Scaled(name="scaled")]))


class Doubled(keras.Model):
    def __init__(self):
        x = image()
        super().__init__(x, conv()(x))

    def call(self, images, training=None, mask=None):
        return super().call(images * 2.0 - 1.0, training=training)


@shown(SUBCLASSED, "conv", way="followed", source="read from the arithmetic")
def functional_with_a_call_of_its_own():
    """A subclass of a Functional model, with a call of its own."""
    model = called(Doubled())
    return Made(model, lambda given: model.get_layer("conv")(2 * given - 1))


@shown(SEVERAL, "after", options={"other_inputs": {"age": [0.5, -1.0]}})
def image_and_vector():
    """An image and a table: the table is held at what is given, or at zeros."""
    x, age = image(name="photo"), keras.Input((2,), name="age")
    y = layers.Multiply()([conv(2, "before")(x), layers.Reshape((1, 1, 2))(age)])
    model = weighed(keras.Model([x, age], conv(3, "after")(y)))
    return Made(model, lambda given: model([given, ops.array([[0.5, -1.0]])]))


@shown(SEVERAL, "joined", options={"input": "left"})
def two_images():
    """Two images: one is optimised, the other one held."""
    left, right = image(name="left"), image(1, name="right")
    joined = layers.Concatenate(name="joined")([conv(name="a")(left), conv(name="b")(right)])
    model = weighed(keras.Model({"left": left, "right": right}, joined))
    return Made(model, lambda given: model({"left": given, "right": ops.zeros((1, SIZE, SIZE, 1))}))


@shown(SEVERAL, "conv")
def several_outputs():
    """A dictionary of outputs."""
    x = image()
    y = conv()(x)
    heads = {"mask": layers.Conv2D(1, 1, activation="sigmoid")(y), "kind": layers.Dense(3)(layers.Flatten()(y))}
    return weighed(keras.Model(x, heads))
