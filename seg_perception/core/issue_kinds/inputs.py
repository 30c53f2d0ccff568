"""What can be amiss with the sensors and recordings themselves."""

from __future__ import annotations

from seg_perception.core.issue_kinds.kind import IssueKind

NO_MESSAGE = IssueKind(
    "no_message",
    "no message came",
    "check the topic's name and its publisher",
    "nobody publishes the topic, or QoS or domain keep the two apart",
    "`ros2 topic info -v TOPIC`; check names, `ROS_DOMAIN_ID`, the driver",
)
NOT_RECORDED = IssueKind(
    "no_message",
    "the bag has no message on {topic}",
    "set {parameter} to one of its topics ({usable}){otherwise}",
    "a topic that the parameter file names is not in the bag, or nothing came on it; what the "
    "other sensors give is labelled",
    "name a topic of the bag, or switch the sensor off: `camera.NAME.enabled: false` …",
)
NO_RESULT = IssueKind(
    "no_result",
    "none of {received} messages gave a result ({reasons})",
    "",
    "everything that came was dropped, for the reasons in brackets",
    "look the reasons up in the ledger's table",
)
INCOMPATIBLE_QOS = IssueKind(
    "incompatible_qos",
    "{topic}: incompatible QoS, subscribed reliable, offered {offered}",
    "{remedy}",
    "the node was told to listen reliably to a sensor that does not offer it",
    "`node.input_reliability: auto`, or remove the override that the sentence names",
    "warning",
)
UNREADABLE = IssueKind(
    "unreadable",
    "{problem}",
    "",
    "the first message of a sensor can't be read",
    "the sentence says what was expected and got",
)
EMPTY_BAG = IssueKind(
    "empty_bag",
    "the bag holds no message",
    "record it again",
    "the recorder was stopped before anything came, or listened to nobody",
    "record it again",
)
NO_CAMERA = IssueKind(
    "no_camera",
    "no camera image among {types}{others}",
    "{remedy}",
    "nothing in the bag can be segmented; depths and what a lidar measures are no photographs, nor "
    "are label images, overlays and a legend that came out of seg_perception",
    "record the Image or CompressedImage topic of a camera; of packets run the driver first, which "
    "the sentence names; of a labelled bag take the one that it was made from",
)
NO_PHOTOGRAPH = IssueKind(
    "no_photograph",
    "it is no camera, its images hold {holds}",
    "if it is one, set camera.NAME.image_topic to it",
    "the images of a depth camera, or the range, signal, reflectivity and near-infrared images of "
    "a lidar: a network for photographs labels nothing in them that holds",
    "nothing, unless it is a camera",
    "note",
)
NO_CLOUD = IssueKind(
    "no_cloud",
    "no point cloud",
    "images will be labelled, nothing else",
    "the bag has cameras alone",
    "nothing, if that is what was meant",
    "note",
)
TYPE_NOT_INSTALLED = IssueKind(
    "type_not_installed",
    "{error}",
    "",
    "a sensor's message type (a radar's `RadarScan`) is unknown on this machine",
    "install the package that the sentence names",
    "warning",
)
TWIN_NODE = IssueKind(
    "twin_node",
    "{others} more publishers of {topic}: another node is called {node}",
    "is it started twice?",
    "somebody else publishes under this node's own name",
    "`ros2 node list`; end one, or give it a namespace",
    "warning",
)
EMPTY_CLOUDS = IssueKind(
    "empty_clouds",
    "{clouds} has 0 points",
    "check the driver",
    "the driver publishes empty clouds",
    "look at the sensor: blocked, in standby, wrong mode",
)
NO_FINITE_POINT = IssueKind(
    "no_finite_point",
    "{clouds} has no finite point within min_range_m and max_range_m",
    "check the driver",
    "all points are NaN, or nearer than `min_range_m` or farther than `max_range_m`",
    "check the driver and the ranges",
)
NOT_COPIED = IssueKind(
    "not_copied",
    "{error}",
    "",
    "`replay --with-inputs` can't copy a topic, for instance one of an unknown type",
    "nothing, if the output needs no such topic",
    "note",
)
FOREIGN_ENCODING = IssueKind(
    "foreign_encoding",
    "it is serialised as {encoding}, not as ROS does, and can only be copied",
    "record the topic from ROS to have it used",
    "a sensor's or transforms' topic in the bag is JSON, protobuf or the like",
    "record the topic from ROS; `--with-inputs` copies it as it is",
    "warning",
)
BAG_FILES = IssueKind(
    "bag_files",
    "{remark}",
    "give the files their names back, or mend metadata.yaml",
    "the files of a bag have other names than its metadata.yaml says; what is there is read",
    "nothing, if they are the right ones; else give them their names back",
    "warning",
)
BAG_DAMAGED = IssueKind(
    "bag_damaged",
    "{error}",
    "",
    "the recording is cut or damaged; everything before the damage is used",
    "record it again, or repair it with its recorder's tools",
)
BEFORE_THE_CLOCK = IssueKind(
    "before_the_clock",
    "{early} messages were recorded before the clock ran or was set ({topics}); they count as of "
    "the recording's first moment",
    "let the simulator or NTP set the clock before recording",
    "the first log times are 0 or lie a day or more before the others: in simulated time nothing "
    "was on `/clock` yet, or the robot's computer did not know the time when it started",
    "nothing for this recording; for the next one start the recorder later",
    "note",
)
TWO_PUBLISHERS = IssueKind(
    "two_publishers",
    "{topic} has more than one publisher ({nodes}), whose messages get mixed up",
    "end all but one, or give the others a topic of their own",
    "two drivers, or a driver and a bag, publish one topic",
    "`ros2 topic info -v TOPIC`; end one, or remap its topic",
    "warning",
)
SHARED_OUTPUT = IssueKind(
    "shared_output",
    "{topic}{more} is published by {nodes}, too",
    "give this node other outputs: camera.NAME.output_prefix, lidar.NAME.output_topic, or inputs "
    "in a namespace",
    "two nodes in two namespaces have inputs, and so outputs, of the same absolute names",
    "relative topics in the parameter file follow the node's namespace; absolute ones do not",
    "warning",
)
STOPPED = IssueKind(
    "stopped",
    "{error}: messages after that are left out",
    "run it again for the whole",
    "a signal ended the work (Ctrl-C, SIGTERM, a session that dropped); what was done is "
    "written and whole",
    "run it again",
)
IN_ONE_PIECE = IssueKind(
    "in_one_piece",
    "the recording was labelled in one piece: {reason}",
    "leave --pieces out for this recording",
    "a recording is cut by time for several processes, and each begins a little earlier than "
    "what it labels; where that shows too little (a video stream between two key frames, a "
    "camera_info or transform that changes once, damage), pieces would not give what the whole "
    "gives",
    "nothing: the result is right, and took longer",
    "note",
)
