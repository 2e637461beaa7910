"""Is an invocation's payload JSON? If not, the error in the words of AWS's parser (Jackson)."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from lamb.model.errors import InvalidRequestContent

_OPENING = "Could not parse request body into json: Could not parse payload into json: "
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_SOURCE = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
_WORD = re.compile(r"[\w$]+")


def _no_constant(name: str) -> NoReturn:
    raise InvalidRequestContent(f"{_OPENING}Non-standard token '{name}': not allowed in JSON")


# Numbers stay text: they are only looked at, and a long one must not cost quadratic time.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


def check(payload: bytes) -> None:
    """Raise InvalidRequestContent unless these bytes are one JSON value in UTF-8."""
    try:
        text = payload.decode()
        _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise _refusal(_bad_bytes(error), payload[: error.start].decode(), 0) from None
    except json.JSONDecodeError as error:
        raise _refusal(*_bad_text(text, error.pos)) from None
    except RecursionError:
        raise InvalidRequestContent(
            f"{_OPENING}Document nesting depth exceeds the maximum allowed (1000)"
        ) from None


def _bad_bytes(error: UnicodeDecodeError) -> str:
    bad = error.object[error.start]
    if "continuation" in error.reason and error.end < len(error.object):
        return f"Invalid UTF-8 middle byte 0x{error.object[error.end]:02x}"
    return f"Invalid UTF-8 start byte 0x{bad:02x}"


def _bad_text(text: str, position: int) -> tuple[str, str, int]:
    """Jackson's message, the text before the place it complains about, and the token's length."""
    before = text[:position]
    if position >= len(text) or not text[position:].strip(" \t\r\n"):
        return "Unexpected end-of-input", text, 0
    character = text[position]
    if character == '"':  # Python points at the string's beginning when its end is missing
        return "Unexpected end-of-input in VALUE_STRING", text, 0
    word = _WORD.match(text, position)
    if word and not character.isdigit():
        return f"Unrecognized token '{word[0]}': was expecting {_VALUES}", before, len(word[0])
    quoted = f"'{character}' (code {ord(character)})"
    if ord(character) < 0x20:
        return f"Illegal unquoted character ((CTRL-CHAR, code {ord(character)}))", before, 0
    return f"Unexpected character ({quoted}): expected a valid value {_VALUES}", before, 0


def _refusal(message: str, before: str, token: int) -> InvalidRequestContent:
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n") + token
    return InvalidRequestContent(
        f"{_OPENING}{message}\n at [Source: {_SOURCE}; line: {line}, column: {column}]"
    )
