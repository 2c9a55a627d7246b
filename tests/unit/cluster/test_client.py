"""The client: what it sends, what it repeats, and which error each answer is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.clock import StandingClock
from tests.support.fake_api import FakeApi

from ferrata.clock import SystemClock
from ferrata.cluster.answers import lines
from ferrata.cluster.client import ApiClient, TokenBucket
from ferrata.cluster.kinds import CLUSTER_ANALYSIS_TEMPLATES, ROLLOUTS, SERVICES
from ferrata.errors import (
    AlreadyExists,
    Conflict,
    Expired,
    Forbidden,
    LeadershipLost,
    NotFound,
    SpecRejected,
    Throttled,
    WorldUnavailable,
)

A = {"metadata": {"name": "a", "namespace": "ns"}}


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeApi() as server:
        yield server


@pytest.fixture
async def client(api: FakeApi) -> AsyncIterator[ApiClient]:
    made = ApiClient(api.connection(), clock=SystemClock())
    yield made
    await made.close()


async def test_a_list_in_pages_is_whole_and_its_items_say_what_they_are(api: FakeApi, client: ApiClient) -> None:
    api.page_size = 2
    for name in "abcde":
        api.put(ROLLOUTS, {"metadata": {"name": name, "namespace": "ns"}})
    items, version = await client.list(ROLLOUTS)
    assert [item["metadata"]["name"] for item in items] == list("abcde")
    assert {(item["apiVersion"], item["kind"]) for item in items} == {("argoproj.io/v1alpha1", "Rollout")}
    assert version == items[-1]["metadata"]["resourceVersion"]
    assert api.count("GET", "/rollouts") == 3


async def test_writes_carry_the_field_manager_and_their_content_type(api: FakeApi, client: ApiClient) -> None:
    await client.create(ROLLOUTS, "ns", {"metadata": {"name": "a"}})
    await client.patch(ROLLOUTS, "ns", "a", {"status": {"phase": "Healthy"}}, subresource="status")
    await client.patch(ROLLOUTS, "ns", "a", {"spec": {}}, content="strategic")
    sent = api.writes()
    assert [seen.query["fieldManager"] for seen in sent] == ["rollouts-controller"] * 3
    assert sent[1].path.endswith("/namespaces/ns/rollouts/a/status")
    assert [seen.content_type for seen in sent[1:]] == [
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    ]
    assert {seen.authorization for seen in sent} == {"Bearer t"}


async def test_a_replace_of_an_older_version_is_a_conflict(api: FakeApi, client: ApiClient) -> None:
    old = api.put(ROLLOUTS, A)
    api.put(ROLLOUTS, A | {"spec": {"replicas": 2}})
    with pytest.raises(Conflict):
        await client.replace(ROLLOUTS, "ns", "a", old)


async def test_a_second_create_already_exists(api: FakeApi, client: ApiClient) -> None:
    api.put(ROLLOUTS, A)
    with pytest.raises(AlreadyExists, match='rollouts "a" already exists'):
        await client.create(ROLLOUTS, "ns", A)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, Forbidden),
        (403, Forbidden),
        (400, SpecRejected),
        (413, SpecRejected),
        (422, SpecRejected),
        (409, Conflict),
        (410, Expired),
        (404, NotFound),
        (500, WorldUnavailable),
    ],
)
async def test_each_answer_is_the_error_that_says_who_acts(
    api: FakeApi, client: ApiClient, code: int, error: type[Exception]
) -> None:
    api.fail(code, method="PATCH")
    with pytest.raises(error, match=f"made to answer {code}") as caught:
        await client.patch(ROLLOUTS, "ns", "a", {})
    assert type(caught.value) is error
    assert len(api.requests) == 1, "a write that failed is not repeated blindly"


async def test_the_field_that_the_server_refuses_is_named(api: FakeApi, client: ApiClient) -> None:
    api.fail(422, body={"details": {"causes": [{"field": "spec.replicas"}]}})
    with pytest.raises(SpecRejected) as caught:
        await client.create(ROLLOUTS, "ns", A)
    assert caught.value.field == "spec.replicas"


async def test_reads_are_repeated_when_the_server_stumbles(api: FakeApi, client: ApiClient) -> None:
    api.put(ROLLOUTS, A)
    api.fail(503, times=2)
    assert (await client.get(ROLLOUTS, "ns", "a"))["metadata"]["name"] == "a"
    assert len(api.requests) == 3


async def test_what_the_server_refused_to_start_is_repeated_writes_too(api: FakeApi, client: ApiClient) -> None:
    api.fail(429, headers={"Retry-After": "0"})
    await client.create(ROLLOUTS, "ns", {"metadata": {"name": "a"}})
    assert len(api.requests) == 2


async def test_a_server_that_asks_for_a_long_pause_is_left_alone(api: FakeApi, client: ApiClient) -> None:
    api.fail(429, headers={"Retry-After": "60"})
    with pytest.raises(Throttled) as caught:
        await client.get(ROLLOUTS, "ns", "a")
    assert caught.value.retry_after == 60
    assert len(api.requests) == 1


async def test_without_the_lease_nothing_is_written_and_everything_can_be_read(api: FakeApi) -> None:
    api.put(ROLLOUTS, A)
    client = ApiClient(api.connection(), clock=SystemClock(), fence=lambda: False)
    assert await client.get(ROLLOUTS, "ns", "a")
    with pytest.raises(LeadershipLost):
        await client.patch(ROLLOUTS, "ns", "a", {})
    with pytest.raises(LeadershipLost):
        await client.delete(ROLLOUTS, "ns", "a")
    await client.close()
    assert api.writes() == []


async def test_deleting_what_is_gone_is_fine_and_a_precondition_holds(api: FakeApi, client: ApiClient) -> None:
    await client.delete(ROLLOUTS, "ns", "a")
    api.put(ROLLOUTS, A)
    with pytest.raises(Conflict):
        await client.delete(ROLLOUTS, "ns", "a", uid="somebody else's")
    await client.delete(ROLLOUTS, "ns", "a")
    assert api.objects[ROLLOUTS] == {}


async def test_a_server_that_is_not_there_is_unavailable(api: FakeApi) -> None:
    heard: list[tuple[str, str, int]] = []
    connection = api.connection()
    async with FakeApi() as gone:
        connection = gone.connection()
    client = ApiClient(connection, clock=SystemClock(), on_request=lambda *told: heard.append(told[:3]))
    with pytest.raises(WorldUnavailable):
        await client.create(ROLLOUTS, "ns", A)
    await client.close()
    assert heard == [("POST", "Rollout", 0)]


async def test_every_request_is_told_with_its_code(api: FakeApi) -> None:
    heard: list[tuple[Any, ...]] = []
    client = ApiClient(api.connection(), clock=SystemClock(), on_request=lambda *told: heard.append(told))
    with pytest.raises(NotFound):
        await client.get(SERVICES, "ns", "a")
    await client.close()
    assert [told[:3] for told in heard] == [("GET", "Service", 404)]


async def test_a_watch_gives_events_of_any_size(api: FakeApi, client: ApiClient) -> None:
    version = api.put(ROLLOUTS, A)["metadata"]["resourceVersion"]
    api.put(ROLLOUTS, A | {"spec": {"text": "x" * 1_000_000}})
    async for event in client.watch(ROLLOUTS, None, version):
        assert len(event["object"]["spec"]["text"]) == 1_000_000
        break


async def test_a_watch_from_a_forgotten_version_has_expired(api: FakeApi, client: ApiClient) -> None:
    api.put(ROLLOUTS, A)
    api.expire(ROLLOUTS)
    with pytest.raises(Expired):
        async for _ in client.watch(ROLLOUTS, None, "1"):
            pass


async def test_lines_are_put_together_from_chunks() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"on", b"e\ntw", b"o\n\nthree\nrest"):
            yield chunk

    assert [line async for line in lines(chunks())] == [b"one", b"two", b"three"]


def test_the_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    clock = StandingClock()
    bucket = TokenBucket(rate=10, burst=2, clock=clock)
    assert [bucket.delay() for _ in range(4)] == pytest.approx([0, 0, 0.1, 0.2])
    clock.advance(1)
    assert bucket.delay() == 0


def test_the_bucket_says_when_it_is_half_full_again() -> None:
    clock = StandingClock()
    bucket = TokenBucket(rate=10, burst=10, clock=clock)
    assert bucket.busy() == 0
    for _ in range(10):
        bucket.delay()
    assert bucket.busy() == pytest.approx(0.5)
    clock.advance(0.5)
    assert bucket.busy() == pytest.approx(0)


def test_paths_are_those_of_the_api() -> None:
    assert ROLLOUTS.path() == "/apis/argoproj.io/v1alpha1/rollouts"
    assert SERVICES.path("ns", "a") == "/api/v1/namespaces/ns/services/a"
    assert CLUSTER_ANALYSIS_TEMPLATES.path("ns", "a").endswith("/v1alpha1/clusteranalysistemplates/a")
