"""Who listens to a latched topic has its message, and time to read it, before others follow it."""

import pytest

from seg_perception.ros.listeners import PATIENCE_S, TO_READ_S, Listeners

READ = TO_READ_S + 0.1


@pytest.fixture
def listeners():
    return Listeners()


def test_nobody_is_waited_for_where_nobody_listens(listeners):
    assert listeners.all_have_read(0, 5.0, acknowledged=True)


def test_one_who_has_it_gets_time_to_read_it(listeners):
    assert not listeners.all_have_read(1, 5.0, acknowledged=True)
    assert not listeners.all_have_read(1, 5.0 + 0.5 * TO_READ_S, acknowledged=True)
    assert listeners.all_have_read(1, 5.0 + READ, acknowledged=True)
    # The same for one who comes later, and for nobody where one goes.
    assert not listeners.all_have_read(2, 20.0, acknowledged=True)
    assert listeners.all_have_read(2, 20.0 + READ, acknowledged=True)
    assert listeners.all_have_read(1, 30.0, acknowledged=True)


def test_the_time_to_read_begins_when_it_has_come(listeners):
    for late_s in range(4):
        assert not listeners.all_have_read(1, 5.0 + late_s, acknowledged=False)
    assert not listeners.all_have_read(1, 8.0 + 0.5 * TO_READ_S, acknowledged=True)
    assert listeners.all_have_read(1, 8.0 + READ, acknowledged=True)


def test_one_who_never_answers_is_given_up_and_others_are_waited_for_anew(listeners):
    assert not listeners.all_have_read(1, 5.0, acknowledged=False)
    assert not listeners.all_have_read(1, 5.0 + PATIENCE_S, acknowledged=False)
    assert listeners.all_have_read(1, 5.1 + PATIENCE_S, acknowledged=False)
    assert not listeners.all_have_read(2, 60.0, acknowledged=False)
    assert not listeners.all_have_read(2, 60.0 + PATIENCE_S, acknowledged=False)
    assert listeners.all_have_read(2, 60.1 + PATIENCE_S, acknowledged=False)


def test_a_new_message_is_waited_for_as_long_as_the_first(listeners):
    assert listeners.all_have_read(0, 0.0, acknowledged=True)
    assert not listeners.all_have_read(1, 5.0, acknowledged=True)
    assert listeners.all_have_read(1, 50.0, acknowledged=True)
    assert not listeners.all_have_read(1, 100.0, acknowledged=False)
    assert not listeners.all_have_read(1, 100.0 + PATIENCE_S, acknowledged=False)
