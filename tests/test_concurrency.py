import asyncio
import socket

import pytest

from pipeline.concurrency import settle_all


async def test_results_come_in_order_whatever_ends_first() -> None:
    async def after(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    assert await settle_all(after(seconds) for seconds in (0.03, 0.0, 0.01)) == [0.03, 0.0, 0.01]


@pytest.mark.parametrize("at_once", [None, 1, 2])
async def test_a_failure_is_raised_only_when_all_others_are_done(at_once: int | None) -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        if number == 0:
            raise ValueError("the first one fails")
        await asyncio.sleep(0.01)
        done.append(number)

    with pytest.raises(ValueError, match="the first one fails"):
        await settle_all((work(number) for number in range(4)), at_once)
    assert sorted(done) == [1, 2, 3]


async def test_no_more_than_so_many_have_begun_and_not_ended() -> None:
    at_work, most = 0, 0

    async def work() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.001)
        at_work -= 1

    await settle_all((work() for _ in range(20)), at_once=3)
    assert most == 3


async def test_the_network_is_served_before_all_have_begun() -> None:
    begun: list[int] = []
    begun_at_the_first_reply: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(0)
            loop = asyncio.get_running_loop()
            loop.call_soon(theirs.sendall, b"a reply")
            await loop.sock_recv(ours, 16)
        begun_at_the_first_reply.append(len(begun))

    await settle_all((work(number) for number in range(50)), at_once=50)
    assert begun == list(range(50))
    assert begun_at_the_first_reply[0] < 10
