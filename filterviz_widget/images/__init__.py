"""Images of the user's own, whatever they come as, in the units that a model takes."""

from filterviz_widget.images.other import as_given
from filterviz_widget.images.photo import Format, Photo, read_photo
from filterviz_widget.images.photo_set import PhotoSet

__all__ = ["Format", "Photo", "PhotoSet", "as_given", "read_photo"]
