"""Recordings of real sensors; skipped where they are absent."""

import numpy as np
import pytest

from seg_perception.core.errors import BagError
from seg_perception.core.types import PointCloud, SemanticCloud
from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.camera_info import decode_camera_info
from seg_perception.io.images import decode_image, decode_label_image
from seg_perception.io.pointcloud2 import append_semantics, decode_cloud, encode_cloud
from seg_perception.io.radar import radar_fields
from seg_perception.io.transforms import decode_tf

CAMERA = "/sensor/camera/windshield/vis"
LIDAR = "/sensor/lidar/vls128_roof/velodyne_points"


@pytest.fixture
def rellis(real_data):
    with BagReader(real_data / "rellis_goose_style_db3") as bag:
        yield {msg.topic: msg for msg in bag.messages()}


def test_the_image_equals_its_file(rellis, real_data):
    cv2 = pytest.importorskip("cv2")
    (file,) = (real_data / "rellis3d_example").glob("frame*.jpg")
    expected = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(
        decode_image(rellis[f"{CAMERA}/image_rect_color"].message), expected
    )


def test_the_label_image_equals_its_file(rellis, real_data):
    cv2 = pytest.importorskip("cv2")
    (file,) = (real_data / "rellis3d_example").glob("frame*.png")
    expected = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(
        decode_label_image(rellis["/ground_truth/labels"].message), expected
    )


def test_the_points_equal_their_file(rellis, real_data):
    expected = np.fromfile(real_data / "rellis3d_example" / "000104.bin", np.float32)
    cloud = decode_cloud(rellis[LIDAR].message)
    np.testing.assert_array_equal(cloud.xyz, expected.reshape(-1, 4)[:, :3])
    labels = np.fromfile(real_data / "rellis3d_example" / "000104.label", np.uint32) & 0xFFFF
    np.testing.assert_array_equal(cloud.points["label"].reshape(-1), labels)
    assert bytes(encode_cloud(cloud).data) == bytes(rellis[LIDAR].message.data)


def test_the_lens_and_the_transforms_are_there(rellis):
    calibration = decode_camera_info(rellis[f"{CAMERA}/camera_info"].message)
    assert (calibration.width, calibration.height) == (1920, 1200)
    assert calibration.k[0, 0] > 1000
    transforms = decode_tf(rellis["/tf_static"].message)
    cameras = [
        t for t in transforms if rellis[LIDAR].message.header.frame_id in (t.child, t.parent)
    ]
    assert cameras
    assert rellis["/tf_static"].latched


def test_a_name_that_the_cloud_has_already_is_kept(rellis):
    cloud = decode_cloud(rellis[LIDAR].message)
    count = len(cloud)
    zeros = np.zeros(count, np.uint8)
    semantic = SemanticCloud("top", cloud, zeros + 3, np.ones(count, np.float32), zeros, zeros)
    after = append_semantics(semantic, np.zeros((256, 3), np.uint8))
    np.testing.assert_array_equal(after.points["label"], cloud.points["label"])
    assert (after.points["semantic_label"] == 3).all()


@pytest.mark.parametrize("name", ["tiny.bag", "tiny.mcap"])
def test_ros_1_images_are_read_from_both_containers(real_data, name, tmp_path):
    with BagReader(real_data / "roboto_tiny" / name) as bag:
        assert {topic.name: topic.count for topic in bag.topics} == {
            "/dvs/image_raw": 4,
            "/dvs1/image_raw": 3,
        }
        assert {topic.type for topic in bag.topics} == {"sensor_msgs/msg/Image"}
        with BagWriter(tmp_path / "copy.mcap") as copy:
            images = []
            for msg in bag.messages():
                images.append(decode_image(msg.message))
                copy.copy(msg)
    with BagReader(tmp_path / "copy.mcap") as bag:
        for image, msg in zip(images, bag.messages(), strict=True):
            assert msg.encoding == "cdr"
            np.testing.assert_array_equal(decode_image(msg.message), image)


def test_both_containers_hold_the_same(real_data):
    def content(name):
        with BagReader(real_data / "roboto_tiny" / name) as bag:
            return [(msg.topic, msg.log_time_ns, bytes(msg.raw)) for msg in bag.messages()]

    assert sorted(content("tiny.bag")) == sorted(content("tiny.mcap"))


def test_a_bag_without_a_serialization_format_is_refused(real_data):
    folder = real_data / "nebula_bags" / "velodyne" / "vls128" / "1614315746471294674"
    with pytest.raises(BagError, match=r"got ''.*serialization_format: cdr"):
        BagReader(folder)


def test_packets_of_an_unknown_type_are_copied_but_not_decoded(real_data, tmp_path):
    folder = real_data / "nebula_bags" / "continental" / "ars548" / "1708578204"
    with BagReader(folder) as bag, BagWriter(tmp_path / "copy.mcap") as copy:
        for msg in bag.messages():
            copy.copy(msg)
        raw = [bytes(msg.raw) for msg in bag.messages()]
        with pytest.raises(BagError, match="does not define nebula_msgs/msg/NebulaPackets"):
            msg.message  # noqa: B018 (decodes)
    with BagReader(tmp_path / "copy.mcap") as bag:
        assert [bytes(msg.raw) for msg in bag.messages()] == raw


def test_an_ouster_scan_comes_back_byte_for_byte(real_data):
    points = np.load(real_data / "ouster_os0_32" / "OS-0-32-U1_v2.2.0_1024x10_scan0.npy")
    points = points.reshape(-1, points.shape[-1]) if points.ndim > 1 else points.reshape(1, -1)
    msg = encode_cloud(PointCloud(points, 1, "os_sensor"))
    assert {field.name for field in msg.fields} >= {"t", "reflectivity", "ring", "ambient", "range"}
    back = decode_cloud(msg)
    assert back.points.dtype == points.dtype
    assert back.points.tobytes() == points.tobytes()
    distance = np.linalg.norm(back.xyz, axis=1)
    seen = back.points["range"].reshape(-1) > 0
    # The driver gives the range in millimetres from the sensor's own origin.
    assert np.abs(distance[seen] - back.points["range"].reshape(-1)[seen] * 1e-3).max() < 0.2


def test_an_oculii_radar_has_its_fields_found(real_data):
    raw = np.fromfile(real_data / "tj4d_radar" / "radar" / "070070.bin", np.float32).reshape(-1, 8)
    names = ("x", "y", "z", "Doppler", "Range", "Power", "Alpha", "Beta")
    points = raw.view([(name, "<f4") for name in names]).reshape(1, -1)
    found = radar_fields(PointCloud(points, 0, "radar"))
    assert (found.doppler_field, found.strength_field) == ("Doppler", "Power")
    np.testing.assert_array_equal(found.doppler_mps, raw[:, 3])
    np.testing.assert_allclose(found.range_m, raw[:, 4], atol=1e-4)
    # Alpha is minus the azimuth, in degrees.
    np.testing.assert_allclose(np.degrees(found.azimuth_rad), -raw[:, 6], atol=1e-4)
