"""What can be amiss with frames, transforms, lenses and maps."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

AT_REST = IssueKind(
    "at_rest",
    "{why}: the robot is taken as at rest",
    "record odom to base_link for moving robots{instead}",
    "without a moving transform nothing is compensated",
    "record `/tf` of the odometry; `--odometry kiss-icp` finds the motion in the lidar's scans",
    "note",
)
TAKEN_AS_BODY_FRAME = IssueKind(
    "taken_as_body_frame",
    "frame {frame!r} has its z axis up, as a body frame: it is taken as one",
    "set camera.{camera}.frame_convention=optical if it is not",
    "the guess of `inspect` from tf",
    "`frame_convention: auto` finds out from the data",
    "warning",
)
NO_TRANSFORM = IssueKind(
    "no_transform",
    "no transform for its points: {error}",
    "{remedy}publish or record the missing transform",
    "a frame is missing between sensor, camera and fixed frame; the sentence names it",
    "publish it, or set `frame_id` or `transforms.fixed_frame`",
)
LATE_TRANSFORM = IssueKind(
    "late_transform",
    "no transform at its stamps: /tf came later than synchronizer.max_wait_s, or with gaps",
    "raise synchronizer.max_wait_s or transforms.max_interpolation_s",
    "the frames exist, but not at this time: /tf is late or has gaps",
    "a larger `synchronizer.max_wait_s` or `transforms.max_interpolation_s`",
)
BAD_TRANSFORM = IssueKind(
    "bad_transform",
    "transform of {child!r} refused: {error}",
    "",
    "a publisher sends transforms that are no rigid motion; the sound ones of the same message "
    "are used",
    "find it: `ros2 topic echo /tf`",
    "warning",
    each="child",
)
OUT_OF_VIEW = IssueKind(
    "out_of_view",
    "{share:.1%} of the points lie before a camera",
    "probably a body frame where an optical one was expected: set camera.NAME.frame_convention to "
    "auto, or check the tf",
    "under 1 % are in view",
    "the camera's frame is a body frame: `frame_convention: body`, or `auto`; else check the "
    "extrinsics with `seg-perception check-calibration BAG`",
)
CONVENTION_FEW_SCANS = IssueKind(
    "no_convention",
    "frame_convention is auto and not decided for frame {frame!r}: {scans} of {needed} scans were "
    "tried",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "which axes the camera's frame has can't be told yet; its points are unknown and counted as "
    "`no_convention`: five scans that are paired with images of this camera are needed",
    "wait; if it stays, look for what else is said of camera and lidar",
)
CONVENTION_FEW_POINTS = IssueKind(
    "no_convention",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}: too few; check tf, "
    "and what the sensors see",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "next to no point lands in the image either way",
    "the lidar does not see what the camera sees, or tf is wrong: "
    "`seg-perception check-calibration BAG`",
)
CONVENTION_NOT_UPRIGHT = IssueKind(
    "no_convention",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}, and either way the "
    "picture does not stand upright",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "the camera is mounted on its side, upside down, or looks steeply up or down; or z of the "
    "fixed frame is not up",
    "set `frame_convention` by hand",
)
CONVENTION_CONTRADICTION = IssueKind(
    "no_convention",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}, but the picture "
    "stands upright if it is {axes}",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "its axes say one thing and the points the other",
    "tf may be wrong: `seg-perception check-calibration BAG`; then set `frame_convention` by hand",
)
CONVENTION_POINTS_UNCLEAR = IssueKind(
    "no_convention",
    "frame_convention is auto and not decided for frame {frame!r}: {figures}, neither of which is "
    "ten times the other, and no fixed frame says where up is",
    "points before it stay unknown; set camera.{camera}.frame_convention to optical or body",
    "the clouds lie in the camera's own frame, and their points fit both conventions",
    "set `frame_convention` by hand",
)
CONVENTION_FOUND_BY_POINTS = IssueKind(
    "convention_found",
    "frame {frame!r} is taken for {axes}: {figures}, all in the camera's own frame",
    "",
    "`frame_convention: auto` has found which axes the camera's frame has, by points alone",
    "nothing; write it into the robot's file if you like",
    "note",
)
CONVENTION_FOUND = IssueKind(
    "convention_found",
    "frame {frame!r} is taken for {axes}: {figures}, and the picture stands upright if it is "
    "{axes}",
    "",
    "`frame_convention: auto` has found which axes the camera's frame has",
    "nothing; write it into the robot's file if you like",
    "note",
)
EXTRINSICS_CORRECTED = IssueKind(
    "extrinsics_corrected",
    "its points are placed otherwise than tf says: turned by {rpy_deg} degrees (roll, pitch, yaw), "
    "then moved by {xyz_m} m (right, down, forward), in its optical frame",
    "",
    "`camera.NAME.correction_*` is set; tf itself stays as it is, and other nodes do not know",
    "nothing; to put it into tf, take the line that `inspect --config` prints, and set the "
    "correction to zero",
    "note",
)
DOPPLER_REVERSED = IssueKind(
    "doppler_reversed",
    "field {field!r} has the opposite sign of the robot's own motion, so what moves is not known",
    "set radar.{radar}.doppler_positive to the other one of away and towards",
    "the radar's Doppler is positive for what comes nearer; `moving` is 255 meanwhile",
    "set `radar.NAME.doppler_positive`",
)
NOT_MAPPED = IssueKind(
    "not_mapped",
    "a scan is left out of the map: {error}",
    "",
    "the map's frame is not connected to the sensor",
    "set `map.frame`",
    "warning",
)
MAP_UNPLACED = IssueKind(
    "map_unplaced",
    "no scan could be placed in {frame}: {scans} were left out",
    "",
    "the frame of the map that was asked for is connected to no sensor",
    "set `map.frame`",
)
MAP_EMPTY = IssueKind(
    "map_empty",
    "empty, no labelled point entered",
    "see what became of the points, and check map.sensors, map.excluded_classes, "
    "map.min_confidence and map.min_scans",
    "no point had a label that enters the map",
    "the table of points says why they have none",
)
MAP_FULL = IssueKind(
    "map_full",
    "more than {voxels} voxels, the {given_up} farthest were given up",
    "raise map.max_voxels or map.voxel_m",
    "the map of the whole recording is larger than it may be",
    "raise `map.max_voxels` or `map.voxel_m`",
    "note",
)
MAP_FAR = IssueKind(
    "map_far",
    "coordinates in {frame} lie beyond {far_km:g} km, where float32 is coarse",
    "set map.frame to a local frame, for instance odom",
    "the map's frame is a global one, such as UTM",
    "set `map.frame` to a local frame",
    "note",
)
MAP_BEHIND = IssueKind(
    "map_behind",
    "scans come faster than the map takes them in; one is left out",
    "raise map.voxel_m, or lower map.window_m, map.max_voxels or the lidar's max_rate_hz",
    "the map works beside the labels, which go on; what it can't follow does not enter it",
    "raise `map.voxel_m`, or lower `map.window_m` or `map.max_voxels`",
    "warning",
)
LIDAR_ODOMETRY = IssueKind(
    "lidar_odometry",
    "the robot's motion is what KISS-ICP finds in its {scans} scans, {way_m:.1f} m of way, as "
    "frame {frame}: it drifts, and begins where the robot stood",
    "",
    "`--odometry kiss-icp` is set",
    "nothing; an odometry that was recorded is better",
    "note",
)
LIDAR_ODOMETRY_JUMPS = IssueKind(
    "lidar_odometry_jumps",
    "KISS-ICP jumps at {jumps} of its {scans} scans, farther than a robot can: what rests on the "
    "motion there is wrong",
    "record the robot's odometry, or take another lidar first",
    "the lidar's surroundings tell too little of its motion, or scans are missing",
    "record the robot's odometry",
    "warning",
)
NO_MEMORY = IssueKind(
    "no_memory",
    "nothing is remembered: ontology {ontology} has no grouping {grouping!r} that says which "
    "classes stay where they are",
    "add it to the model's ontology, with the groups static and movable, or set "
    "memory.enabled: false",
    "`memory.enabled` is set; which classes move is not known of this model, and what moves must "
    "not be remembered",
    "add the grouping `movable` to the model's ontology",
    "warning",
)
MEMORY_CLEARED = IssueKind(
    "memory_cleared",
    "the robot's place in {frame} jumps: what was remembered lies in the wrong place now, and is "
    "forgotten",
    "",
    "a localisation that finds itself anew, or an odometry that begins again",
    "nothing, where that is rare; else remember in the odometry's frame: `map.frame`",
    "warning",
)
SAVED_MAP_DISAGREES = IssueKind(
    "saved_map_disagrees",
    "of the places that are seen now {share:.0%} have the class that map.load says, less than "
    "{least:.0%}: it is not remembered",
    "see whether the robot is localised in map.frame, and make the map anew where seasons changed",
    "the saved map lies off, by half a metre or a few degrees, or the places have changed",
    "localise the robot; make the map anew",
    "warning",
)
NOT_REMEMBERED = IssueKind(
    "not_remembered",
    "a scan gets no remembered labels: {error}",
    "",
    "the frame in which places are remembered is not connected to the sensor",
    "set `map.frame`",
    "warning",
)
NO_BASE_TRANSFORM = IssueKind(
    "no_base_transform",
    "no transform from {base!r}: {error}; nothing of its scans reaches Nav2's semantic layer",
    "set output.nav2_base_frame to the robot's base frame, or publish the missing transform",
    "the layer has no limit of height, and where the lidar is on the robot is not known, so that "
    "branches over the robot would block its way",
    "name the robot's own base frame: `output.nav2_base_frame`",
)
