"""What the user gives an explorer to look at: a photo, and a set of images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
from PIL import Image

from filterviz_widget.picture import small_url
from filterviz_widget.picture.ablation import checked_names
from filterviz_widget.widgets.dropped import weakly
from filterviz_widget.widgets.explorer_state import ExplorerState
from filterviz_widget.widgets.sendable import as_sendable
from filterviz_widget.widgets.telling_widget import LOCK

if TYPE_CHECKING:
    from filterviz_widget.engine import Engine
    from filterviz_widget.images import PhotoSet
    from filterviz_widget.session.worker import Worker
    from filterviz_widget.widgets.panels import GivenPhoto

FLOWER = 30
"""Which of the bundled flowers is the first photo."""

MOST_UPLOADED = 40_000_000
"""Bytes of a photo that the page may send."""


class ExplorerGiven(ExplorerState):
    """The photo and the images of a `FilterExplorer`."""

    photo_info = traitlets.Dict(read_only=True, help="The photo: name, a data URL, a note.").tag(sync=True)
    images_info = traitlets.Dict(read_only=True, help="The set of images: its count, in words.").tag(sync=True)

    _photo: GivenPhoto | None = None
    _given_photo: Any = None
    _photos: PhotoSet | None = None
    _given_images: Any = None
    _labels: Any = None
    _class_names: Sequence[str] | None = None
    _reader: Worker[tuple[str, bytes]] | None = None
    _engine: Callable[[], Engine] | None

    @property
    def photo(self) -> Any:
        """The photo that panels are about: a path, a PIL image or an array, as it was given; None for none.

        It is cut and resized as the model takes it; integers of 8 bits, and files, are spread over the input range.

        Raises (on assignment):
            FileNotFoundError: If there is no such file; the photo before stays.
            ValueError, TypeError: For what is no image.
        """
        return self._given_photo

    @photo.setter
    def photo(self, given: Any) -> None:
        self._take_photo(given, "" if given is None else _name_of(given))

    @property
    def images(self) -> Any:
        """The set of images that panels are about, as it was given; None for none.

        An array, a folder, a sequence of paths, PIL images or arrays, a `tf.data.Dataset` or a `keras.utils.PyDataset`,
        as for `strongest_images`. Labels that were given with other images do not count for new ones.

        Raises (on assignment):
            FileNotFoundError, ValueError, TypeError: For what is no set of images; the set before stays.
        """
        return self._given_images

    @images.setter
    def images(self, given: Any) -> None:
        self._take_images(given, None)

    @property
    def labels(self) -> Any:
        """The right class of each image of the set, whole numbers from 0, as they were given; None for none.

        Raises (on assignment):
            ValueError: If there are no images, or for anything else than a whole number for each.
        """
        return self._labels

    @labels.setter
    def labels(self, given: Any) -> None:
        if self._given_images is None:
            raise ValueError("labels are the right classes of images: give images first.")
        self._take_images(self._given_images, given)

    def _begin_with(self, model: Any, images: Any, labels: Any, class_names: Sequence[str] | None, photo: Any) -> None:
        """Takes what the explorer is made with; the flower model has flowers of its own."""
        from filterviz_widget.demo import SPECIES, bundled_flowers, is_flower_model

        if labels is not None and images is None:
            raise ValueError("labels are the right classes of images: give images, too.")
        if is_flower_model(model):
            flowers, species = bundled_flowers()
            if images is None:
                images, labels = flowers, species
            photo = flowers[FLOWER] if photo is None else photo
            class_names = [each.name for each in SPECIES] if class_names is None else class_names
        if class_names is not None and (outputs := self._now().view.classes):
            class_names = checked_names(class_names, max(outputs[0].size, 2), outputs[0].name)
        self._class_names = class_names
        if images is not None:
            self._take_images(images, labels)
        if photo is not None:
            self._take_photo(photo, _name_of(photo))

    def _take_photo(self, given: Any, name: str) -> None:
        from filterviz_widget.description.reading import Array
        from filterviz_widget.images import PhotoSet, as_given, read_photo
        from filterviz_widget.widgets.panels import GivenPhoto

        info: dict[str, Any] = {}
        photo = None
        if given is not None:
            format = self._now().answers.format
            read = read_photo(given, format)
            alone = PhotoSet(as_given(read.pixels, format)[None], format)
            photo = GivenPhoto(name, Array.of(read.pixels), read.shown, alone)
            info = {"name": name, "source": small_url(read.shown, 90), "note": read.note}
        with LOCK:
            self._photo, self._given_photo = photo, given
            self.set_trait("photo_info", info)
        self._ask_panels()

    def _take_images(self, given: Any, labels: Any) -> None:
        from filterviz_widget.images import PhotoSet

        photos = None if given is None else PhotoSet(given, self._now().answers.format, labels)
        info: dict[str, Any] = {}
        if photos is not None:
            count = photos.count
            info = {"words": "a dataset" if count is None else f"{count:,} image{'s' * (count != 1)}"}
        with LOCK:
            self._photos, self._given_images, self._labels = photos, given, labels
            self.set_trait("images_info", info)
        self._ask_panels()

    def _now(self) -> Engine:
        with LOCK:
            engine = self._engine
        if engine is None:
            raise RuntimeError("The explorer is closed. Make a new one: FilterExplorer(model).")
        return engine()

    def _receive_photo(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Reads what the page sends in the background: a large photo takes long, and the page hears of others."""
        from filterviz_widget.session.worker import Worker

        if self._reader is None:
            self._reader = Worker(weakly(self._read_photo), "photo")
        name = content.get("name")
        name = as_sendable(name[:100]) if isinstance(name, str) and name else "photo"
        self._reader.submit((name, bytes(buffers[0]) if buffers else b""))

    def _read_photo(self, job: tuple[str, bytes], is_wanted: Callable[[], bool]) -> None:
        name, data = job
        try:
            if len(data) > MOST_UPLOADED:
                raise ValueError(f"{len(data) / 1e6:.0f} MB are too large; up to 40 MB are taken.")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # it is decoded at a fraction
                image = Image.open(BytesIO(data))
            self._take_photo(image, name)
        except (ValueError, TypeError, OSError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
            if is_wanted():
                with LOCK:
                    self._publish({"error": f"{name} could not be read: {str(error)[:300]}"})
        except RuntimeError:  # closed meanwhile
            return

    def _ask_panels(self) -> None:
        """Wants what the panels show of what was given."""
        raise NotImplementedError


def _name_of(given: Any) -> str:
    path = given if isinstance(given, str | Path) else getattr(given, "filename", "")
    return as_sendable(Path(path).name) if path else "the photo"
