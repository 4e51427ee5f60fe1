"""Arrays to what a person sees: display scaling, encoding, the finished picture."""

from filterviz_widget.picture.display import display, enlarge
from filterviz_widget.picture.encode import data_url, image_url, jpeg, png, small_url, webp
from filterviz_widget.picture.filter_picture import FilterPicture

__all__ = ["FilterPicture", "data_url", "display", "enlarge", "image_url", "jpeg", "png", "small_url", "webp"]
