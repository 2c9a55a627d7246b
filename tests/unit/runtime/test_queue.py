"""The queue: no key twice at once, urgent ones first, earlier wake-ups win."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.clock import StandingClock

from ferrata.cluster.controller import Priority
from ferrata.runtime.queue import KeyedQueue

A, B, C = ("ns", "a"), ("ns", "b"), ("ns", "c")


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def queue(clock: StandingClock) -> KeyedQueue:
    return KeyedQueue(clock, clock.call_later)


async def take(queue: KeyedQueue) -> tuple[str, str]:
    async with asyncio.timeout(1):
        return (await queue.get())[0]


async def test_keys_come_in_their_order_and_only_once(queue: KeyedQueue) -> None:
    for key in (A, B, A):
        queue.add(key)
    assert [await take(queue), await take(queue)] == [A, B]
    assert len(queue) == 0


async def test_urgent_keys_overtake_and_a_waiting_key_can_become_urgent(queue: KeyedQueue) -> None:
    queue.add(A, Priority.IDLE)
    queue.add(B, Priority.ACTIVE)
    queue.add(C, Priority.IDLE)
    queue.add(C, Priority.URGENT)
    queue.add(B, Priority.IDLE)
    assert [await take(queue) for _ in range(3)] == [C, B, A]
    assert len(queue) == 0


async def test_a_key_is_never_handed_out_twice_at_once_but_once_more_after(queue: KeyedQueue) -> None:
    queue.add(A)
    await take(queue)
    queue.add(A)
    queue.add(A)
    assert len(queue) == 0, "it waits for its worker"
    queue.done(A)
    assert await take(queue) == A
    queue.done(A)
    assert len(queue) == 0


async def test_an_urgent_event_during_work_stays_urgent(queue: KeyedQueue) -> None:
    queue.add(A)
    await take(queue)
    queue.add(A, Priority.URGENT)
    queue.add(A, Priority.IDLE)
    queue.add(B, Priority.ACTIVE)
    queue.done(A)
    assert await take(queue) == A


async def test_an_earlier_wake_up_replaces_a_later_one_and_not_the_other_way(
    queue: KeyedQueue, clock: StandingClock
) -> None:
    queue.add_after(A, 10)
    queue.add_after(A, 5)
    queue.add_after(A, 60)
    clock.advance(4.9)
    assert len(queue) == 0
    clock.advance(0.2)
    assert await take(queue) == A
    queue.done(A)
    clock.advance(100)
    assert len(queue) == 0, "the other two were replaced"


async def test_taking_a_key_cancels_its_wake_up(queue: KeyedQueue, clock: StandingClock) -> None:
    queue.add_after(A, 5)
    queue.add(A)
    await take(queue)
    queue.done(A)
    clock.advance(60)
    assert len(queue) == 0


async def test_a_wake_up_set_during_work_holds(queue: KeyedQueue, clock: StandingClock) -> None:
    queue.add(A)
    await take(queue)
    queue.add_after(A, 5)
    queue.done(A)
    clock.advance(5)
    assert await take(queue) == A


async def test_many_wake_ups_need_one_timer(queue: KeyedQueue, clock: StandingClock) -> None:
    for number in range(100):
        queue.add_after(("ns", str(number)), 100 - number)
    assert clock.pending == 1
    clock.advance(50)
    assert len(queue) == 50
    assert clock.pending == 1


async def test_failures_back_off_to_ten_seconds_and_success_forgets_them(
    queue: KeyedQueue, clock: StandingClock
) -> None:
    waits = []
    for _ in range(15):
        queue.add_rate_limited(A)
        before = clock.seconds
        while not len(queue):
            clock.advance(0.001 if clock.seconds - before < 0.02 else 0.01)
        waits.append(clock.seconds - before)
        await take(queue)
        queue.done(A)
    assert waits[0] <= 0.006
    assert all(8 <= wait <= 10.1 for wait in waits[-3:])
    assert queue.retries == 15
    queue.forget(A)
    queue.add_rate_limited(A)
    clock.advance(0.006)
    assert len(queue) == 1


async def test_a_waiting_worker_is_woken_and_a_cancelled_one_passes_the_key_on(queue: KeyedQueue) -> None:
    async with asyncio.TaskGroup() as group:
        first, second = group.create_task(queue.get()), group.create_task(queue.get())
        await asyncio.sleep(0)
        queue.add(A)
        first.cancel()
        assert (await second)[0] == A


async def test_the_wait_in_the_queue_is_measured(queue: KeyedQueue, clock: StandingClock) -> None:
    queue.add(A)
    clock.advance(3)
    assert await queue.get() == (A, 3)


async def test_a_closed_queue_hands_out_nothing_and_waits_for_what_is_under_way(queue: KeyedQueue) -> None:
    queue.add(A)
    queue.add(B)
    await take(queue)
    async with asyncio.TaskGroup() as group:
        closing = group.create_task(queue.close(5))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await queue.get()
        queue.done(A)
        assert await closing == 0


async def test_closing_does_not_wait_longer_than_it_may(queue: KeyedQueue) -> None:
    queue.add(A)
    await take(queue)
    assert await queue.close(0.01) == 1
