"""Semantic perception for field robots: labelled images and point clouds.

The package stays light to import: `ros2 topic echo` imports it for the messages alone.
"""

from pkgutil import extend_path

# A checkout on sys.path shadows the installed package; the generated
# `seg_perception.msg` of the installed one is still found through its path.
__path__ = extend_path(__path__, __name__)
__version__ = "0.2.0"
