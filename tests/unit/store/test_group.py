from __future__ import annotations

import asyncio
import threading

import pytest

from lamb.model.names import FunctionKey
from lamb.store import functions
from lamb.store.group import GroupCommit

KEY = FunctionKey("123456789012", "us-east-1", "f")


def add_functions(tx, names):
    return [functions.add(tx, FunctionKey(KEY.account, KEY.region, name), {}).key.name for name in names]


def there(database, name: str) -> bool:
    with database.reading() as tx:
        return functions.find(tx, FunctionKey(KEY.account, KEY.region, name)) is not None


def run(database, story):
    async def whole():
        group = GroupCommit(database)
        try:
            return await story(group)
        finally:
            await group.close()

    return asyncio.run(whole())


def test_an_answer_comes_when_its_row_is_committed(database):
    async def story(group):
        assert await group.add(add_functions, "one") == "one"
        assert there(database, "one")

    run(database, story)


def test_rows_that_come_while_a_commit_is_under_way_share_the_next_one(database):
    sizes = []
    first_is_in, go_on = threading.Event(), threading.Event()

    def slow(tx, names):
        first_is_in.set()
        assert go_on.wait(10)
        return add_functions(tx, names)

    def counted(tx, names):
        sizes.append(len(names))
        return add_functions(tx, names)

    async def story(group):
        slowly = group.add(slow, "first")
        await asyncio.get_running_loop().run_in_executor(None, first_is_in.wait, 10)
        rest = [group.add(counted, f"f{number}") for number in range(20)]
        go_on.set()
        assert await slowly == "first"
        assert await asyncio.gather(*rest) == [f"f{number}" for number in range(20)]

    run(database, story)
    assert sizes == [20]


def test_a_row_that_fails_takes_no_other_with_it(database):
    async def story(group):
        one, again, two = (group.add(add_functions, name) for name in ("one", "one", "two"))
        with pytest.raises(Exception, match="UNIQUE"):
            await again
        assert (await one, await two) == ("one", "two")

    run(database, story)
    assert there(database, "one")
    assert there(database, "two")


def test_what_was_added_before_the_end_is_committed(database):
    async def story(group):
        return [group.add(add_functions, f"f{number}") for number in range(600)]

    run(database, story)
    assert all(there(database, f"f{number}") for number in range(600))


def test_an_asker_who_has_gone_is_no_trouble_for_the_others(database):
    async def story(group):
        gone, stays = group.add(add_functions, "gone"), group.add(add_functions, "stays")
        gone.cancel()
        assert await stays == "stays"

    run(database, story)
    assert there(database, "gone")
