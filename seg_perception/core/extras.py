"""How to get what only some commands need; the package itself is on no index."""

INSTALL_TRAINING = "pip install -r requirements/train.txt in the checkout of seg_perception"
INSTALL_TEACHING = "pip install -r requirements/teach.txt in the checkout of seg_perception"
