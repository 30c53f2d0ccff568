"""Shows what was labelled: in Rerun's viewer, in a file for it, or in a window of Open3D's."""

from seg_perception.viewing.bag_view import view_bag
from seg_perception.viewing.folder_view import is_labelled_folder, view_folder
from seg_perception.viewing.map_view import view_map
from seg_perception.viewing.options import ViewOptions
from seg_perception.viewing.summary import ViewSummary

__all__ = [
    "ViewOptions",
    "ViewSummary",
    "is_labelled_folder",
    "view_bag",
    "view_folder",
    "view_map",
]
