"""The next version of `hello`: the same handler, other words, and the walls seen from inside."""

import os

invocations = 0


def handler(event, context):
    global invocations
    invocations += 1
    print(
        f"pid {os.getpid()} of {sum(name.isdigit() for name in os.listdir('/proc'))} processes that I can see"
    )
    return {
        "message": f"Welcome back, {event.get('name', 'world')}",
        "version": context.function_version,
        "invocations_here": invocations,
    }
