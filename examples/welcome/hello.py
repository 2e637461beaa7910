"""The next version of `hello`: the same handler, other words, and the walls seen from inside."""

import os

invocations = 0


def handler(event, context):
    global invocations
    invocations += 1
    visible = [name for name in os.listdir("/proc") if name.isdigit()]
    print(f"process {os.getpid()} of {len(visible)} that can be seen from here")
    return {
        "message": f"Welcome back, {event.get('name', 'world')}",
        "version": context.function_version,
        "invocations_here": invocations,
    }
