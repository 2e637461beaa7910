"""What a shell sets so that every AWS tool in it talks to lamb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lamb.cli.session import Session
from lamb.model import settings

SHELLS = ("bash", "zsh", "fish")


def variables(session: Session) -> dict[str, str]:
    """Of a port that is open, or is opened now, and of the home's own key."""
    access = session.client.access
    key = access.default()
    signed = [port for port in access.ports() if port["auth"] == "sigv4"]
    port = signed[0] if signed else access.listen("127.0.0.1", 0)
    return {
        "AWS_ENDPOINT_URL": port["url"],
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_DEFAULT_REGION": session.settings.region,
        "AWS_REGION": session.settings.region,
        # Else StartLiveTail is sent to `stream-127.0.0.1`, which nothing can resolve.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }


def lines(given: Mapping[str, str], shell: str) -> Iterator[str]:
    """For `eval`. A session token that the shell still has would go along with every request."""
    if shell == "fish":
        yield "set -e AWS_SESSION_TOKEN;"
        for name, value in given.items():
            yield f"set -gx {name} '{value}';"
    else:
        yield "unset AWS_SESSION_TOKEN"
        for name, value in given.items():
            yield f"export {name}='{value}'"


def own_shell() -> str:
    """The one that $SHELL names, if we know it."""
    name = (settings.variable("SHELL") or "").rpartition("/")[2]
    return name if name in SHELLS else "bash"
