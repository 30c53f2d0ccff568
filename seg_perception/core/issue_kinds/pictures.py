"""What can be amiss with a camera's view, told from its pictures alone."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

DEGRADED = "; until then nothing that it shows is taken for free ground"

DARK = IssueKind(
    "picture_dark",
    "its pictures are nearly black: mean {brightness} of 255",
    "longer exposure, light, or a model that was trained on the dark" + DEGRADED,
    "there is too little light to tell classes apart, and labels of the dark look sure",
    "switch lights on, let the camera expose longer, or drive by other sensors",
    "warning",
)
GLARE = IssueKind(
    "picture_glare",
    "{white_percent} % of its pictures are white",
    "shorter exposure, a hood against the sun, or another direction" + DEGRADED,
    "the sun, or a wrong exposure, has burnt most of the picture",
    "check the camera's exposure; a hood or a polariser helps against a low sun",
    "warning",
)
BLANK = IssueKind(
    "picture_blank",
    "its pictures show nothing: contrast {contrast} of 255",
    "look whether something covers the lens" + DEGRADED,
    "a cover, a hand, mud, fog or a wall fills the view: there is nothing in it to be labelled",
    "take the cover off, clean the lens",
    "warning",
)
BLURRED = IssueKind(
    "picture_blurred",
    "its pictures are blurred: {how}",
    "clean the lens, check its focus, or expose shorter" + DEGRADED,
    "water, dirt, condensation, a lens out of focus, or motion during a long exposure",
    "clean and dry the lens, check its focus ring; shorter exposures against motion",
    "warning",
)
FROZEN = IssueKind(
    "picture_frozen",
    "its pictures are the same, byte by byte{motion}",
    "restart the camera or its driver" + DEGRADED,
    "a driver that sends its last picture under new stamps: the labels are of another place",
    "restart the driver, look for a cable or a USB bus that gives up",
    "error",
)
DIRTY = IssueKind(
    "picture_dirty",
    "{share_percent} % of its picture has gone dull and stands still while the scene moves",
    "clean the lens" + DEGRADED,
    "mud, snow or a leaf on the glass: behind it nothing is seen, and what the network calls it "
    "is a guess",
    "clean the lens or its window; a wiper or an air nozzle where it comes back",
    "warning",
)
TURNED = IssueKind(
    "picture_turned",
    "its pictures stand upside down against those before",
    "turn camera or driver back (a flip or rotation setting)" + DEGRADED,
    "from one picture to the next what was above is below: a driver that started with another "
    "setting, or a camera that hangs by its cable; labels and tf are of another picture",
    "set the driver's flip or rotation as it was; after a change that is meant, restart the node",
    "error",
)
UPSIDE_DOWN = IssueKind(
    "picture_upside_down",
    "its pictures seem to stand upside down: turned by 180 degrees they are {turned:.2f} times the "
    "distance of known places from what the model knows, as they are {own:.2f} times",
    "turn the camera, or set its driver to flip and rotate what it sends" + DEGRADED,
    "a camera that was mounted the other way up, or a driver's flip setting, since the node "
    "began; labels of such pictures are guesses, and tf seldom knows of it",
    "look at a picture in RViz; turn camera or driver, and let tf say how the camera hangs",
    "error",
)
SWAPPED = IssueKind(
    "picture_swapped",
    "red and blue have changed places in its pictures",
    "make encoding and bytes agree in the driver (rgb8 or bgr8)" + DEGRADED,
    "from one picture to the next what was blue is red: the bytes have another order than the "
    "message says, and a network sees colours that it never learnt",
    "compare the driver's `encoding` with a picture in RViz; after a change that is meant, restart "
    "the node",
    "warning",
)
