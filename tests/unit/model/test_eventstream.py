from __future__ import annotations

from botocore.eventstream import EventStreamBuffer

from lamb.model.eventstream import event, exception


def test_botocore_reads_what_we_write():
    buffer = EventStreamBuffer()
    buffer.add_data(event("sessionStart", b"{}") + exception("SessionTimeoutException", "ü".encode()))
    first, second = list(buffer)
    assert first.headers == {
        ":message-type": "event", ":event-type": "sessionStart", ":content-type": "application/json",
    }  # fmt: skip
    assert first.payload == b"{}"
    assert second.headers[":exception-type"] == "SessionTimeoutException"
    assert second.payload == "ü".encode()
