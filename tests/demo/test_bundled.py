"""The flowers that come with the package."""

import numpy as np
from PIL import Image

from filterviz_widget.demo import SPECIES, bundled_flowers, flower_model, flowers, is_flower_model
from tests.networks import small_network


def test_there_are_ten_of_each_species_and_the_network_knows_them():
    images, species = bundled_flowers()
    assert images.shape == (170, 96, 96, 3)
    assert images.dtype == np.uint8
    assert [species.count(each) for each in range(len(SPECIES))] == [10] * len(SPECIES)
    guesses = flower_model()(images[::5].astype(np.float32) / 255, training=False).numpy().argmax(1)
    assert (guesses == np.array(species)[::5]).mean() > 0.9


def test_they_are_what_the_program_draws(tmp_path):
    drawn, labels = flowers(17, seed=3)
    images, species = bundled_flowers()
    for image, label in zip(drawn, labels, strict=True):
        first = images[species.index(label)].astype(float)
        assert np.abs(first - 255 * image).mean() < 8  # WebP with losses
    assert Image.fromarray(images[0]).size == (96, 96)


def test_the_flower_model_is_known_by_its_layers():
    assert is_flower_model(flower_model())
    assert not is_flower_model(small_network())
    assert not is_flower_model("flower_model.keras")
