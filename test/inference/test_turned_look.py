"""When a picture is looked at upside down, too."""

from seg_perception.core.types import NANOSECONDS
from seg_perception.inference.turned_look import TurnedLooks


def looks(seconds: list[float], camera: str = "front", asked: TurnedLooks | None = None) -> int:
    asked = asked or TurnedLooks()
    return sum(asked.is_due(camera, round(at * NANOSECONDS)) for at in seconds)


def test_ten_looks_a_second_apart_then_one_a_minute() -> None:
    """Ten pictures a second from 100 s on: looks at 100 to 109, 169 and 229 s."""
    tenths = [100 + number / 10 for number in range(1300)]
    asked = TurnedLooks()
    due = [at for at in tenths if looks([at], asked=asked)]
    assert due == [*range(100, 110), 169, 229]


def test_each_camera_is_looked_at() -> None:
    asked = TurnedLooks()
    assert looks([1, 1.5], "front", asked) == 1
    assert looks([1, 1.5], "rear", asked) == 1


def test_after_a_clock_that_jumped_back_it_goes_on() -> None:
    asked = TurnedLooks()
    assert looks([100, 5, 5.5, 6], asked=asked) == 2
