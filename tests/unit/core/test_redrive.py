"""Message move tasks: from a dead-letter queue back to where messages came from."""

from __future__ import annotations

import json

import pytest
from unit.core.post import key

from lamb.core import queues, redrive
from lamb.model.errors import InvalidParameterValue, ResourceNotFound
from lamb.model.requests import Page

DEAD = key("deadq").arn


def bury(post, *bodies: str) -> None:
    """These messages end in the dead-letter queue."""
    for body in bodies:
        post.send(body)
    while post.counts()[0]:
        post.receive(visibility_s=0)
    assert post.counts("deadq")[0] == len(bodies)


def finish(post, task) -> None:
    while redrive.step(post.core, task.id).next_ms is not None:
        pass


def shown(post):
    return redrive.tasks(post.core, DEAD, 10)[0]


def test_messages_go_back_where_they_came_from(post):
    post.dead_lettered()
    bury(post, "a", "b")
    task = redrive.start(post.core, DEAD, None, None)
    assert (task.status, task.to_move, task.moved) == ("RUNNING", 2, 0)
    finish(post, task)
    assert (shown(post).status, shown(post).moved) == ("COMPLETED", 2)
    back = post.receive()
    assert sorted(message.body for message in back) == ["a", "b"]
    assert [(message.receives, dict(message.system_attributes)) for message in back] == [(1, {})] * 2
    assert key().arn in post.arrivals


def test_each_of_several_sources_gets_its_own_back(post):
    dead = post.dead_lettered("q")
    policy = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 1})
    post.make("other", RedrivePolicy=policy)
    for name in ("q", "other"):
        post.send(f"of {name}", name)
        for _ in range(2):
            post.receive(name, visibility_s=0)
    finish(post, redrive.start(post.core, DEAD, None, None))
    assert (post.bodies("q"), post.bodies("other")) == (["of q"], ["of other"])
    listed, _ = redrive.sources(post.core, key("deadq"), Page())
    assert [source.name for source in listed] == ["other", dead.key.name]


def test_messages_go_where_the_task_says(post):
    post.dead_lettered()
    post.make("elsewhere")
    bury(post, "a")
    finish(post, redrive.start(post.core, DEAD, key("elsewhere").arn, None))
    assert post.bodies("elsewhere") == ["a"]


def test_a_task_moves_no_more_a_second_than_it_may(post):
    post.dead_lettered()
    bury(post, *"abcde")
    task = redrive.start(post.core, DEAD, None, 2)
    moved = []
    for _ in range(3):
        step = redrive.step(post.core, task.id)
        redrive.step(post.core, task.id)  # woken too early: nothing more goes
        moved.append(shown(post).moved)
        if step.next_ms is not None:
            post.plane.clock.ms = step.next_ms
    assert (moved, shown(post).status) == ([2, 4, 5], "COMPLETED")


def test_the_next_daemon_goes_on_with_a_task(post):
    post.dead_lettered()
    bury(post, *map(str, range(130)))
    task = redrive.start(post.core, DEAD, None, None)
    redrive.step(post.core, task.id)
    assert shown(post).moved == 100
    again = type(post)(post.plane.reopened())
    assert redrive.running(again.core) == [task.id]
    finish(again, task)
    assert (shown(again).moved, redrive.running(again.core)) == (130, [])
    assert again.counts() == (130, 0, 0)
    again.plane.close()


def test_a_cancelled_task_moves_nothing_more(post):
    post.dead_lettered()
    bury(post, "a", "b")
    task = redrive.start(post.core, DEAD, None, 1)
    redrive.step(post.core, task.id)
    assert redrive.cancel(post.core, task.handle) == 1
    assert redrive.step(post.core, task.id).next_ms is None
    assert (shown(post).status, post.counts("deadq")) == ("CANCELLED", (1, 0, 0))
    with pytest.raises(InvalidParameterValue, match="Only active tasks"):
        redrive.cancel(post.core, task.handle)


def test_a_task_fails_when_its_destination_is_gone(post):
    post.dead_lettered()
    post.make("elsewhere")
    bury(post, "a")
    task = redrive.start(post.core, DEAD, key("elsewhere").arn, None)
    queues.delete(post.core, key("elsewhere"))
    finish(post, task)
    assert (shown(post).status, shown(post).failure) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert post.counts("deadq") == (1, 0, 0)


def test_a_task_fails_at_a_message_that_came_from_nowhere(post):
    post.dead_lettered()
    post.send("straight here", "deadq")
    finish(post, redrive.start(post.core, DEAD, None, None))
    assert (shown(post).status, shown(post).failure) == ("FAILED", "CouldNotDetermineMessageSource")


def test_one_task_runs_at_a_time(post):
    post.dead_lettered()
    bury(post, "a")
    redrive.start(post.core, DEAD, None, 1)
    with pytest.raises(InvalidParameterValue, match="There is already a task running"):
        redrive.start(post.core, DEAD, None, None)


@pytest.mark.parametrize(
    ("source", "destination", "rate", "error", "text"),
    [
        (key("none").arn, None, None, ResourceNotFound, "SourceArn parameter doesn't exist"),
        (key().arn, None, None, InvalidParameterValue, "must be configured as a Dead Letter Queue"),
        (DEAD, key("none").arn, None, ResourceNotFound, "DestinationArn parameter doesn't exist"),
        (DEAD, DEAD, None, InvalidParameterValue, "another queue of the same type"),
        (DEAD, None, 501, InvalidParameterValue, "Must be between 1 and 500"),
    ],
)
def test_a_task_that_cannot_be_is_refused(post, source, destination, rate, error, text):
    post.dead_lettered()
    with pytest.raises(error) as refusal:
        redrive.start(post.core, source, destination, rate)
    assert text in refusal.value.message


@pytest.mark.parametrize("handle", ["", "x", "e30=", "ä", "W10="])
def test_what_is_no_task_handle_is_refused(post, handle):
    with pytest.raises(InvalidParameterValue, match="Value for parameter TaskHandle is invalid"):
        redrive.cancel(post.core, handle)


def test_a_handle_of_no_task_names_nothing(post):
    post.dead_lettered()
    bury(post, "a")
    with pytest.raises(ResourceNotFound, match="Task does not exist"):
        redrive.cancel(post.core, redrive._handle(DEAD))
    with pytest.raises(ResourceNotFound, match="SourceArn"):
        redrive.cancel(post.core, redrive._handle(key("none").arn))
