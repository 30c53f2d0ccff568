"""Outputs in a bag: their names, what is kept for those who come late, and their number."""

from seg_perception.io.bag_reader import BagReader
from seg_perception.io.bag_writer import BagWriter
from seg_perception.io.messages import String
from seg_perception.outputs.topics import OutputTopic
from seg_perception.replay.bag_publisher import BagPublisher


def test_everything_that_is_advertised_is_wanted_and_enters_with_its_first_message(tmp_path):
    path = tmp_path / "out.mcap"
    with BagWriter(path) as writer:
        publisher = BagPublisher(writer)
        for topic in (
            OutputTopic("~/words", String.type_name, "", latched=True),
            OutputTopic("/words", String.type_name, ""),
            OutputTopic("/silence", String.type_name, ""),
        ):
            publisher.advertise(topic)
        wanted = {topic: publisher.is_wanted(topic) for topic in ("~/words", "/words", "/other")}
        for topic, now_ns in (("~/words", 3), ("/words", 4), ("/words", 7)):
            publisher.publish(topic, String(f"{now_ns}"), now_ns)
    assert wanted == {"~/words": True, "/words": True, "/other": False}
    assert publisher.written == {"/perception_node/words": 1, "/words": 2}
    with BagReader(path) as bag:
        found = {topic.name: (topic.count, topic.latched) for topic in bag.topics}
        heard = [(m.topic, m.log_time_ns, m.message.data) for m in bag.messages(set(found))]
    assert found == {"/perception_node/words": (1, True), "/words": (2, False)}
    assert heard == [("/perception_node/words", 3, "3"), ("/words", 4, "4"), ("/words", 7, "7")]
