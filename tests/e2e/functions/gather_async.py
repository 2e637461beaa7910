"""A coroutine behind asyncio.run, as one event loop an invocation."""

import asyncio
import sys


async def fetch(number: int) -> int:
    await asyncio.sleep(0.05)
    return number * number


async def child() -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('from a child')", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return out.decode().strip()


async def main(count: int) -> dict:
    squares = await asyncio.gather(*(fetch(number) for number in range(count)))
    return {"squares": squares, "child": await child()}


def handler(event, context):
    return asyncio.run(main(event["count"]))
