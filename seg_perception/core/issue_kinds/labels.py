"""What can be amiss with labels that are made of words, of what is known, or of a drive."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

PICTURE_EMPTY = IssueKind(
    "picture_empty",
    "nothing in the picture got a label",
    "",
    "no class was sure enough anywhere in it",
    "look at `overlays/`; a lower `threshold` in words.yaml, other phrases, or another teacher",
    "note",
)
PICTURE_NOT_PLACED = IssueKind(
    "picture_not_placed",
    "the picture has no labels, since nobody knows where it was taken: {reason}",
    "record /tf, camera_info and scans from before the first picture until after the last",
    "geometry gives labels only to pictures whose place on the drive is known",
    "record the odometry longer; `seg-perception inspect BAG` says what lacks",
    "warning",
)
VOXELS_GONE = IssueKind(
    "voxels_gone",
    "the map of the drive was full: {count} voxels gave way to nearer ones, and what they showed "
    "has no labels",
    "raise map.max_voxels, or voxel_m of --agree",
    "a long drive has more places than the map holds",
    "`--set map.max_voxels=5000000`, or cut the drive in pieces",
    "warning",
)
NO_NUMBERS = IssueKind(
    "scores_no_numbers",
    "the teacher's scores of {phrase!r} are no numbers in places: taken as absent there",
    "its weights may be damaged: download them again, or try --device cpu",
    "a network answered NaN or infinity",
    "damaged weights, or a number format that is too small for them",
    "warning",
    each="phrase",
)
NEVER_ASKED = IssueKind(
    "never_asked",
    "{classes}: looked for at full size in no picture, since no preview found any",
    "ask for all words with --prune enabled=false",
    "pruning left the word out of every picture",
    "a larger `cap` or `share` of `--prune`, or other phrases",
    "note",
)
TOO_SMALL = IssueKind(
    "too_small_to_point_at",
    "parts of {label} are under {least} pixels: nothing points at them, and they have no label",
    "",
    "outlines of so small things are noise; it counts pictures",
    "larger pictures",
    "note",
    each="label",
)
NOT_DRAWN = IssueKind(
    "not_drawn",
    "{label} was pointed at, and no pixel of what was drawn reached the threshold",
    "",
    "the network that draws the outlines sees nothing there",
    "look whether the box or click is where the thing is; try another `--masks-by`",
    "note",
    each="label",
)
NO_TEACHER_LABELS = IssueKind(
    "no_teacher_labels",
    "held-out picture {name} is not among the teacher's labels, and does not count",
    "label all of the held-out pictures",
    "the gate judges pictures that both folders have, by their names",
    "label the held-out folder again, without `--every`",
    "warning",
)
NOT_HELD_OUT = IssueKind(
    "not_held_out",
    "{classes}: the held-out truth has none, so that nothing is proven, and these labels are left "
    "out",
    "hold out pictures that show them, and name classes alike",
    "a class of the teacher without truth can't pass the gate",
    "compare the classes' names in both `ontology.yaml`",
    "warning",
)
CLICK_OUTSIDE = IssueKind(
    "click_outside",
    "a click at {x}, {y} is outside of the picture of {width}x{height}, and does not count",
    "name the pictures that were clicked: `frames` of the teaching's folder",
    "the record is of pictures of another size",
    "`seg-perception label lesson/frames --prompts lesson/clicks.jsonl`",
    "warning",
)
CLICKED_ELSEWHERE = IssueKind(
    "clicked_elsewhere",
    "pictures with clicks are not among those of {origin}: {names}",
    "name `frames` of the teaching's folder, without --every",
    "the record is of other pictures",
    "`seg-perception label lesson/frames --prompts lesson/clicks.jsonl`",
    "warning",
)
CUBOID_OUTSIDE = IssueKind(
    "cuboid_outside",
    "cuboids of {label} lie outside of the picture, or are under {least} pixels in it",
    "",
    "they are behind the camera, beside its picture, or too far; it counts pictures",
    "nothing, unless it is all of them: then check the transforms",
    "note",
    each="label",
)
CUBOID_HIDDEN = IssueKind(
    "cuboid_hidden",
    "cuboids of {label} are hidden behind nearer ones: nothing points at them",
    "",
    "less than a fifth of the cuboid is to be seen in the picture; it counts pictures",
    "nothing",
    "note",
    each="label",
)
CUBOID_UNNAMED = IssueKind(
    "cuboid_unnamed",
    "detections without a class, or of no size: nothing points at them",
    "let the detector fill results[].hypothesis.class_id and bbox.size",
    "what is no detection of a class can't become a label",
    "look at `ros2 topic echo` of the detections",
    "warning",
)
NO_CUBOIDS = IssueKind(
    "no_cuboids",
    "no cuboids within {gap_s:g} s of the picture",
    "raise synchronizer.max_gap_s, if things and robot are slow",
    "detections are of other moments than the picture",
    "record detections at the rate of the pictures, or label them alone with `--every`",
    "warning",
)
