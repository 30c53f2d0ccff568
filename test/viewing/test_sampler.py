from seg_perception.viewing.sampler import Sampler

MS = 1_000_000


def test_all_are_taken_where_none_are_left_out():
    sampler = Sampler(None)
    assert all(sampler.takes("a", stamp) for stamp in (0, 1, 1, 2))


def test_so_many_a_second_of_each_group():
    sampler = Sampler(5)
    taken = [n for n in range(10) if sampler.takes("a", n * 100 * MS)]
    assert taken == [0, 2, 4, 6, 8]
    assert sampler.takes("b", 100 * MS)


def test_a_stamp_that_was_taken_is_taken_again():
    sampler = Sampler(1)
    assert sampler.takes("camera", 0)
    assert not sampler.takes("camera", 500 * MS)
    assert sampler.takes("camera", 1000 * MS)
    assert sampler.takes("camera", 0)


def test_a_clock_that_jumps_back_goes_on():
    sampler = Sampler(10)
    assert sampler.takes("a", 10_000 * MS)
    assert sampler.takes("a", 5_000 * MS)
