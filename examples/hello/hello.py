"""A function as one writes it for AWS: nothing in it knows of lamb."""

import os

invocations = 0


def handler(event, context):
    global invocations
    invocations += 1
    print(f"invocation {invocations} of this environment, {context.get_remaining_time_in_millis()} ms left")
    return {
        "message": f"{os.environ.get('GREETING', 'Hello')}, {event.get('name', 'world')}",
        "version": context.function_version,
        "invocations_here": invocations,
    }
