"""The whole node over real DDS: labels worked out by hand, and every message accounted for."""

import itertools

import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy

from seg_perception.io import messages
from seg_perception.io.perception_messages import SegmentationStatus, SemanticLegend
from seg_perception.io.pointcloud2 import decode_cloud

pytestmark = pytest.mark.ros

STEP_NS = 100_000_000
LABELS = "/front/semantic/label_image"
CLOUD = "/top/semantic/points"


@pytest.fixture
def start(ros, robot, parameters):
    """Start the node and wait until it listens."""

    def start_node(module="perception_node", **changes):
        robot.advertise()
        process = ros.start(module, "--ros-args", "--params-file", parameters(**changes))
        robot.wait_until_heard()
        return process

    return start_node


@pytest.fixture
def send_camera_info(robot, wait_until):
    """Send a camera_info and wait until the node has it."""

    def give():
        statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
        robot.send("/front/camera_info", robot.camera_info(robot.now_ns()))
        wait_until(
            lambda: statuses and not any("camera_info" in w for w in statuses[-1].warnings),
            "the camera_info",
        )

    return give


def test_images_and_clouds_are_labelled_and_accounted_for(
    robot, start, send_camera_info, wait_until
):
    labels = robot.listen(LABELS, messages.Image.type_name)
    infos = robot.listen("/front/semantic/camera_info", messages.CameraInfo.type_name)
    clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
    legends = robot.listen(
        "/perception_node/legend",
        SemanticLegend.type_name,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )
    process = start()
    begin = robot.now_ns()
    send_camera_info()
    for number in range(12):
        robot.step(begin + number * STEP_NS)
        wait_until(lambda n=number: len(labels) == n + 1, f"label image {number}")
    wait_until(lambda: len(clouds) == 12, "every cloud")
    wait_until(lambda: legends, "the legend")

    assert [messages.stamp_to_ns(m.header.stamp) for m in labels] == [
        begin + n * STEP_NS for n in range(12)
    ]
    assert (labels[0].encoding, labels[0].header.frame_id) == ("mono8", "front_optical")
    row = np.frombuffer(labels[0].data, np.uint8).reshape(8, 16)[0]
    assert row.tolist() == [0] * 5 + [1] * 6 + [2] * 5
    assert (infos[0].width, infos[0].height) == (16, 8)
    points = decode_cloud(clouds[-1]).points.reshape(-1)
    assert points["label"].tolist() == list(robot.LABELS)
    assert points["x"].tolist() == [p[0] for p in robot.POINTS]
    assert [c.name for c in legends[0].classes] == ["red", "green", "blue"]

    summary = process.account()
    for name in ("camera.front", "lidar.top"):
        count = summary["streams"][name]
        sent = count["received"] + summary["lost_in_transport"][name]
        assert sent == 12, "sent = received + lost in transport"
        assert count["published"] == 12
    tally = summary["points"]["top"]
    assert (tally["labelled"], tally["out_of_view"]) == (36, 12), tally
    assert stages(summary["latencies"]) == {
        "camera.front": {
            "wait",
            "decode",
            "prepare",
            "ready",
            "segment",
            "finish",
            "publish",
            "total",
        },
        "lidar.top": {"wait", "decode", "transfer", "gap", "publish", "total"},
    }
    assert all(entry["count"] == 12 for entry in summary["latencies"])
    gap = next(entry for entry in summary["latencies"] if entry["stage"] == "gap")
    assert gap["max_s"] < 1e-6, "each cloud has the stamp of its image"


def stages(latencies):
    """The stages of each stream."""
    streams = {entry["stream"] for entry in latencies}
    return {s: {e["stage"] for e in latencies if e["stream"] == s} for s in streams}


def test_without_camera_info_there_are_labels_but_no_painted_points(robot, start, wait_until):
    labels = robot.listen(LABELS, messages.Image.type_name)
    clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    diagnostics = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
    process = start()
    begin = robot.now_ns()
    robot.send("/tf", robot.pose(begin))
    robot.send("/front/image_raw", robot.image(begin))
    wait_until(lambda: labels, "labels")
    robot.send("/top/points", robot.cloud(begin))
    wait_until(lambda: clouds, "the cloud")
    assert set(decode_cloud(clouds[0]).points["label"].ravel().tolist()) == {255}
    wait_until(
        lambda: any(
            "no camera_info on /front/camera_info" in w for s in statuses for w in s.warnings
        ),
        "the cause in the status",
    )
    wait_until(
        lambda: any("no camera_info" in s.message for d in diagnostics for s in d.status),
        "the cause in the diagnostics",
    )
    assert process.account()["points"]["top"]["no_calibration"] == 4


def test_without_a_transform_points_stay_unknown(robot, start, send_camera_info, wait_until):
    clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
    labels = robot.listen(LABELS, messages.Image.type_name)
    process = start()
    begin = robot.now_ns()
    send_camera_info()
    robot.send("/front/image_raw", robot.image(begin))
    wait_until(lambda: labels, "labels")
    robot.send("/top/points", robot.cloud(begin))
    wait_until(lambda: clouds, "the cloud")
    assert decode_cloud(clouds[0]).points["label"].ravel().tolist() == [255] * 4
    assert process.account()["points"]["top"]["no_transform"] == 4


def test_the_axes_of_the_camera_s_frame_are_found_out_and_told(
    robot, start, send_camera_info, wait_until
):
    clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
    statuses = robot.listen("/perception_node/status", SegmentationStatus.type_name)
    diagnostics = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
    # Columns 1.5 to 13.5 of the image; a body frame would look to the right, along minus y.
    robot.POINTS = tuple((4.0, y, 0.0) for y in np.linspace(-3, 3, 60).tolist())
    process = start(camera__front__frame_convention="auto")
    send_camera_info()
    begin = robot.now_ns()
    for step in range(6):
        robot.step(begin + step * STEP_NS)
        wait_until(lambda count=step + 1: len(clouds) == count, "the cloud")
    known = [(decode_cloud(cloud).points["label"] != 255).sum() for cloud in clouds]
    assert known == [0] * 4 + [60] * 2

    def values():
        return {v.key: v.value for d in diagnostics for s in d.status for v in s.values}

    wait_until(lambda: "frame of camera.front" in values(), "the decision in the diagnostics")
    # No scan of five points tells whether they fit.
    assert values()["calibration of camera.front"].startswith("can't tell")
    assert "'front_optical' is taken for an optical frame" in values()["frame of camera.front"]
    reasons = {entry.reason: entry.count for entry in statuses[-1].streams[1].points}
    assert reasons["no_convention"] == 4 * 60
    code, _, err = process.end()
    assert code == 0
    assert err.count("is taken for an optical frame") == 1


def test_a_clock_that_jumps_back_starts_anew(robot, start, send_camera_info, wait_until):
    clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
    process = start()
    begin = robot.now_ns()
    send_camera_info()
    for start_ns in (begin, begin - 60_000_000_000):
        stamps_ns = itertools.count(start_ns, 100_000_000)

        def is_labelled(stamps_ns=stamps_ns, start_ns=start_ns):
            # What comes before a second stream confirms the jump is forgotten with the rest.
            robot.step(next(stamps_ns))
            newest = clouds[-1:]
            return (
                newest
                and abs(messages.stamp_to_ns(newest[0].header.stamp) - start_ns) < 30 * 10**9
                and decode_cloud(newest[0]).points["label"].ravel().tolist() == list(robot.LABELS)
            )

        # Without forgetting the first round the second would find no transform.
        wait_until(is_labelled, f"labels at {start_ns}")
    assert process.account()["clock_jumps"] >= 1


def test_compressed_images_of_a_best_effort_camera(ros, robot, parameters, wait_until):
    cv2 = pytest.importorskip("cv2")
    from rclpy.qos import QoSProfile, ReliabilityPolicy

    labels = robot.listen(LABELS, messages.Image.type_name)
    best_effort = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    # The name does not tell that it is compressed: the graph does.
    process = ros.start("perception_node", "--ros-args", "--params-file", parameters())
    pixels = robot.image(0).data[..., ::-1]
    png = cv2.imencode(".png", pixels)[1].tobytes()

    def next_image():
        header = messages.Header.at(robot.now_ns(), "front_optical")
        image = messages.CompressedImage(header, "rgb8; png compressed bgr8", png)
        robot.send("/front/image_raw", image, best_effort)
        return labels

    wait_until(next_image, "labels")
    row = np.frombuffer(labels[0].data, np.uint8).reshape(8, 16)[0]
    assert row.tolist() == [0] * 5 + [1] * 6 + [2] * 5
    process.account()


def test_reduced_jpeg_images_label_the_same_points(ros, robot, parameters, wait_until):
    """64x32 for a network of 16x8: decoded at a quarter, and the lens with it."""
    cv2 = pytest.importorskip("cv2")
    from seg_perception.ros.qos import latched_profile, tf_profile

    clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
    file = parameters(segmentation__decode="reduced")
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    robot.publisher("/tf", messages.TFMessage.type_name, tf_profile())
    robot.send("/tf_static", robot.mounting(), latched_profile(10))
    stripes = np.frombuffer(robot.image(0).data, np.uint8).reshape(8, 16, 3)
    large = np.ascontiguousarray(stripes.repeat(4, 0).repeat(4, 1))
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
    jpeg = cv2.imencode(".jpg", large[..., ::-1], quality)[1].tobytes()

    def labelled():
        stamp_ns = robot.now_ns()
        for topic, message in robot.moment(stamp_ns, large).items():
            if topic == "/front/image_raw":
                message = messages.CompressedImage(message.header, "jpeg", jpeg)  # noqa: PLW2901
            robot.send(topic, message)
        points = [decode_cloud(cloud).points.ravel()["label"].tolist() for cloud in clouds]
        return list(robot.LABELS) in points

    wait_until(labelled, "a labelled cloud")
    assert process.account()["streams"]["camera.front"]["published"] >= 1


def test_labels_travel_as_png_between_two_machines(ros, robot, parameters, wait_until):
    clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
    robot.advertise()
    file = parameters(output__png=True)
    cameras = ros.start("segmentation_node", "--ros-args", "--params-file", file)
    lidars = ros.start("semantic_cloud_node", "--ros-args", "--params-file", file)
    robot.wait_until_heard()
    wait_until(
        lambda: (
            robot.node.count_subscribers("/front/semantic/label_image/compressed") == 1
            and robot.node.count_publishers("/front/semantic/label_image/compressed") == 1
        ),
        "both halves",
    )

    def labelled():
        robot.step(robot.now_ns())
        return any(
            decode_cloud(c).points["label"].ravel().tolist() == list(robot.LABELS) for c in clouds
        )

    wait_until(labelled, "a labelled cloud")
    assert set(cameras.account()["streams"]) == {"camera.front"}
    summary = lidars.account()
    assert set(summary["streams"]) == {"camera.front", "lidar.top"}
    assert summary["streams"]["camera.front"]["published"] >= 1


def test_points_have_the_networks_confidence_from_another_process(
    ros, robot, parameters, wait_until
):
    clouds = robot.listen(CLOUD, messages.PointCloud2.type_name)
    robot.advertise()
    file = parameters()
    cameras = ros.start("segmentation_node", "--ros-args", "--params-file", file)
    lidars = ros.start("semantic_cloud_node", "--ros-args", "--params-file", file)
    robot.wait_until_heard()
    for topic in (LABELS, "/front/semantic/confidence"):
        wait_until(lambda topic=topic: robot.node.count_subscribers(topic) == 1, topic)
        wait_until(lambda topic=topic: robot.node.count_publishers(topic) == 1, topic)
    found = []

    def labelled():
        robot.step(robot.now_ns())
        points = [decode_cloud(c).points.ravel() for c in clouds]
        found[:] = [p for p in points if p["label"].tolist() == list(robot.LABELS)]
        # The model says 200 of 255; labels alone would count as certain.
        return any(0 < p["confidence"][1] <= 200 / 255 for p in found)

    wait_until(labelled, "a cloud with confidence")
    cameras.account()
    assert lidars.account()["streams"]["camera.front"]["published"] >= 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"transfer__max_rnge_m": 3.0}, "'transfer.max_range_m'"),
        ({"cameras": None, "camera.front.image_topic": None}, "no camera is configured"),
        ({"lidar.top.topic": "/front/image_raw"}, "camera.front.image_topic"),
    ],
)
def test_a_wrong_parameter_is_named_and_the_node_lives(
    ros, robot, parameters, wait_until, changes, words
):
    diagnostics = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
    file = parameters(**changes)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    wait_until(lambda: any(words in s.message for d in diagnostics for s in d.status), "the cause")
    assert process.is_running()
    code, _, err = process.end()
    assert code == 0
    assert err.count(words) == 1, "said once"


def test_a_node_that_waits_to_be_asked(ros, robot, parameters, wait_until):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    labels = robot.listen(LABELS, messages.Image.type_name)
    robot.advertise()
    file = parameters(node__autostart=False)
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    client = robot.lifecycle()

    def ask(label):
        return client.ask(ChangeState.Request(transition=Transition(label=label))).success

    assert ask("configure")
    assert robot.node.count_subscribers("/front/image_raw") == 0
    for activation in range(2):
        assert ask("activate")
        assert not ask("activate")
        robot.wait_until_heard()
        for _ in range(3):
            before = len(labels)
            robot.step(robot.now_ns())
            wait_until(lambda n=before: len(labels) == n + 1, "a label image")
        assert ask("deactivate")
        assert robot.node.count_subscribers("/front/image_raw") == 0, activation
    assert ask("cleanup")
    assert len(labels) == 6
    # The account is that of the last activation.
    assert process.account()["streams"]["camera.front"]["received"] == 3


def test_a_bundle_that_is_not_there_is_awaited(ros, robot, parameters, wait_until, tmp_path):
    diagnostics = robot.listen("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray")
    file = parameters(segmentation__bundle=str(tmp_path / "later"))
    process = ros.start("perception_node", "--ros-args", "--params-file", file)
    wait_until(
        lambda: any("later" in s.message for d in diagnostics for s in d.status), "the cause"
    )
    assert process.is_running()
    assert process.end()[0] == 0


def test_parameters_that_are_in_use_are_not_changed(ros, robot, start):
    from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
    from rcl_interfaces.srv import SetParameters

    process = start()
    client = robot.parameters()
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=0.5)
    parameter = Parameter(name="synchronizer.max_gap_s", value=value)
    (result,) = client.ask(SetParameters.Request(parameters=[parameter])).results
    assert not result.successful
    assert "deactivate first" in result.reason
    process.account()
