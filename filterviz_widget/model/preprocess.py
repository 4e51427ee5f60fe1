"""What happens to an image before the model sees it: a user's function, or one of Keras' three by name."""

from collections.abc import Callable
from typing import Any, Literal

import tensorflow as tf

from filterviz_widget.model.reason import reason

Preprocess = Callable[[Any], Any] | Literal["caffe", "tf", "torch"]

# keras.applications.imagenet_utils: statistics of ImageNet, the first in BGR and grey levels, the others in RGB.
CAFFE_MEAN = (103.939, 116.779, 123.68)
TORCH_MEAN = (0.485, 0.456, 0.406)
TORCH_STD = (0.229, 0.224, 0.225)


PUBLISHED = {
    "caffe": ("vgg16", "vgg19", "resnet50", "resnet101", "resnet152"),
    "tf": ("inception", "xception", "mobilenet_", "mobilenetv2", "nasnet", "resnet50v2", "resnet101v2", "resnet152v2"),
    "torch": ("densenet",),
}
"""How the names of the models in keras.applications begin whose published weights expect the one or the other."""


def published_mode(name: str) -> str | None:
    """What the published weights of the model of that name expect; None where it is not one of keras.applications."""
    fitting = [
        (len(start), mode) for mode, starts in PUBLISHED.items() for start in starts if name.lower().startswith(start)
    ]
    return max(fitting)[1] if fitting else None  # the longest: resnet50v2 begins like resnet50


def caffe(images: tf.Tensor) -> tf.Tensor:
    """RGB from 0 to 255 to BGR without ImageNet's mean."""
    return images[..., ::-1] - tf.constant(CAFFE_MEAN, images.dtype)


def to_minus_one_and_one(images: tf.Tensor) -> tf.Tensor:
    """0 to 255 to -1 to 1."""
    return images / 127.5 - 1.0


def torch(images: tf.Tensor) -> tf.Tensor:
    """RGB from 0 to 255 to ImageNet's mean 0 and standard deviation 1."""
    return (images / 255.0 - tf.constant(TORCH_MEAN, images.dtype)) / tf.constant(TORCH_STD, images.dtype)


NAMED: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {"caffe": caffe, "tf": to_minus_one_and_one, "torch": torch}


def preprocessing(
    preprocess: Preprocess | None, image_shape: tuple[int, ...]
) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """Returns the function that is meant, after trying it on one image.

    Args:
        preprocess: A function of float32 images `(batch, height, width, channels)` in TensorFlow operations;
            "caffe", "tf" or "torch" as `keras.applications` calls them, for RGB from 0 to 255; or None.
        image_shape: `(height, width, channels)`.

    Raises:
        TypeError: If it is something else.
        ValueError: If the name is unknown or does not fit the channels, or the function fails, returns something
            else than images, or has no gradient.
    """
    if preprocess is None:
        return None
    if isinstance(preprocess, str):
        if preprocess not in NAMED:
            raise ValueError(f'preprocess must be "caffe", "tf", "torch" or a function, got {preprocess!r}.')
        if image_shape[-1] != 3 and preprocess != "tf":
            raise ValueError(
                f"preprocess={preprocess!r} is for RGB images, but the model's image has {image_shape[-1]} channel(s). "
                "Pass a function instead."
            )
        return NAMED[preprocess]
    if not callable(preprocess):
        raise TypeError(f'preprocess must be "caffe", "tf", "torch" or a function, got {preprocess!r}.')
    images = tf.ones((1, *image_shape))
    with tf.GradientTape() as tape:
        tape.watch(images)
        try:
            result = preprocess(images)
        except Exception as error:
            raise ValueError(
                f"preprocess failed on a float32 image of shape {(1, *image_shape)}: {reason(error)}"
            ) from error
    kept = ", ".join(("height, width" if len(image_shape) == 3 else "...", str(image_shape[-1])))
    if not tf.is_tensor(result) or result.shape.rank != 1 + len(image_shape) or result.shape[-1] != image_shape[-1]:
        raise ValueError(
            f"preprocess must return a tensor (batch, {kept}), got "
            f"{tuple(result.shape) if hasattr(result, 'shape') else type(result).__name__}."
        )
    if tape.gradient(result, images) is None:
        raise ValueError(
            "preprocess has no gradient with respect to the image. Expected TensorFlow operations on floats all the "
            "way, without .numpy(), rounding or casts to integers."
        )
    return preprocess
