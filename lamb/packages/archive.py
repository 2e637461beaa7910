"""Hostile zips: what is wrong with one, whether it can be used at all, and a repaired copy.

None of this trusts the archive: time and memory are bounded, and nothing is ever written to disk here.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from lamb.model.errors import InvalidParameterValue, RequestTooLarge
from lamb.model.limits import UNZIPPED_MAX_BYTES, ZIP_MAX_BYTES
from lamb.packages import content, entries, layout, modes, names
from lamb.packages import handler as handlers
from lamb.packages.entries import Entry, Listing
from lamb.packages.finding import Finding, error, note, warning

__all__ = ["Finding", "inspect", "mode_findings", "refuse_unusable", "repair"]

# Recorded texts of AWS (SEMANTICS 6 and 7).
COULD_NOT_UNZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
EMPTY = "Uploaded file must be a non-empty zip"
UNZIPPED_TOO_LARGE = f"Unzipped size must be smaller than {UNZIPPED_MAX_BYTES} bytes"
ZIPPED_TOO_LARGE = f"Zipped size must be smaller than {ZIP_MAX_BYTES} bytes"

# Findings that make an upload fail. AWS's own answer to most of them is not known (SEMANTICS 32.2): what
# cannot be unpacked, or would reach out of its directory, is refused in AWS's words, followed by lamb's.
_UNUSABLE = frozenset(
    {
        "not-a-zip", "damaged", "overlap", "encrypted", "compression", "special", "local-header",
        "name-absolute", "name-traversal", "name-nul", "name-empty", "name-too-long", "name-broken",
        "clash", "too-many-directories", "link-target", "link-escapes", "link-endless", "link-count",
    }
)  # fmt: skip

_REBUILD = "build the archive anew, for instance with `lamb package build`"
_SEVERITIES = {"error": 0, "warning": 1, "note": 2}
# Deflate cannot do better than 1032:1; code does about 4:1.
_RATIO_MAX = 100
_RATIO_FROM_BYTES = 10_000_000


def inspect(
    data: bytes, *, handler: str | None = None, runtime: str | None = None, layers: bool = False
) -> list[Finding]:
    """Everything there is to say about a package, errors first. Never raises, whatever the bytes.

    With `handler` and `runtime` also whether the runtime would find its handler; `layers`: one of the
    function's layers may bring it.
    """
    found = list(_sizes(data))
    try:
        listing = entries.read(data)
    except entries.NotAnArchive as problem:
        found.append(_not_a_zip(data, problem))
        return found
    tree = layout.arrange(listing)
    found += _structure(data, listing, tree)
    found += (finding for entry in listing.entries for finding in modes.check(entry, runtime))
    if listing.entries:
        found += handlers.check(tree, handler, runtime, layers=layers)
    return sorted(found, key=lambda finding: _SEVERITIES[finding.severity])


def mode_findings(data: bytes, *, runtime: str | None = None) -> list[Finding]:
    """Only what concerns modes, from the archive's directory alone; empty for what is no archive. Never
    raises."""
    try:
        listing = entries.read(data)
    except entries.NotAnArchive:
        return []
    found = (finding for entry in listing.entries for finding in modes.check(entry, runtime))
    return sorted(found, key=lambda finding: _SEVERITIES[finding.severity])


def unzipped_size(data: bytes) -> int:
    """Bytes of all files of a package that has passed `refuse_unusable`."""
    return sum(entry.size for entry in entries.read(data).entries)


def refuse_unusable(data: bytes, *, uploaded: bool = True) -> int:
    """The unzipped size in bytes of a package that AWS would take; bad modes are fine, as there.

    `uploaded`: in a request, where a zip has to be smaller than one that lies in a bucket.

    Raises InvalidParameterValue or RequestTooLarge with AWS's text, followed by what lamb found where AWS's
    text alone would not help.
    """
    refuse_size(data, uploaded=uploaded)
    try:
        listing = entries.read(data)
    except entries.NotAnArchive:
        raise InvalidParameterValue(COULD_NOT_UNZIP) from None
    if not listing.entries:
        raise InvalidParameterValue(EMPTY)
    size = sum(entry.size for entry in listing.entries)
    if size >= UNZIPPED_MAX_BYTES:
        raise InvalidParameterValue(UNZIPPED_TOO_LARGE)
    for finding in _structure(data, listing, layout.arrange(listing)):
        if finding.code == "damaged":
            raise InvalidParameterValue(COULD_NOT_UNZIP)
        if finding.code in _UNUSABLE:
            subject = f"Entry '{finding.entry}' {finding.message}" if finding.entry else finding.message
            raise InvalidParameterValue(f"{COULD_NOT_UNZIP} {subject}")
    return size


def refuse_size(data: bytes, *, uploaded: bool = True) -> None:
    """What `refuse_unusable` looks at first. Raises InvalidParameterValue for no bytes, RequestTooLarge."""
    if not data:
        raise InvalidParameterValue(EMPTY)
    if uploaded and len(data) >= ZIP_MAX_BYTES:
        raise RequestTooLarge(ZIPPED_TOO_LARGE)


def repair(data: bytes, *, handler: str | None = None, runtime: str | None = None) -> bytes:
    """The same package with everything put right that can be, as deterministic bytes; see
    `lamb.packages.repair`."""
    # Most packages need no repair, and commands count their imports.
    from lamb.packages.repair import repaired  # noqa: PLC0415

    return repaired(data, handler, runtime)


def _not_a_zip(data: bytes, problem: entries.NotAnArchive) -> Finding:
    if not data:
        return error("empty", "", EMPTY, _REBUILD)
    return error("not-a-zip", "", f"{COULD_NOT_UNZIP} The file cannot be read: {problem}", _REBUILD)


def _sizes(data: bytes) -> Iterator[Finding]:
    if len(data) >= ZIP_MAX_BYTES:
        text = f"{ZIPPED_TOO_LARGE}; this one has {len(data)}"
        yield error("zipped-too-large", "", text, "leave out what the function does not need")


def _structure(data: bytes, listing: Listing, tree: layout.Layout) -> Iterator[Finding]:
    """Everything but modes and handler, cheap checks first."""
    yield from _container(listing)
    for entry in listing.entries:
        yield from names.check(entry)
        yield from _kind(entry)
    overlapping = _overlapping(listing)
    for entry in overlapping:
        yield error("overlap", entry.name, "shares its data with another entry", _REBUILD)
    yield from layout.check(data, tree)
    yield from _contents(data, listing, overlapping)


def _container(listing: Listing) -> Iterator[Finding]:
    if not listing.entries:
        yield error("empty", "", EMPTY, _REBUILD)
    if listing.prefix:
        yield note("prefix", "", f"The archive begins only after {listing.prefix} other bytes")
    if listing.suffix:
        yield warning("suffix", "", f"The archive is followed by {listing.suffix} other bytes", _REBUILD)
    if listing.zip64:
        yield note(
            "zip64", "", "The archive is in the zip64 format; lamb takes it, AWS does not say whether it does"
        )
    size = sum(entry.size for entry in listing.entries)
    if size >= UNZIPPED_MAX_BYTES:
        text = f"{UNZIPPED_TOO_LARGE}; this one declares {size}"
        yield error("unzipped-too-large", "", text, "leave out what the function does not need")


def _kind(entry: Entry) -> Iterator[Finding]:
    if entry.kind == "other":
        yield error("special", entry.name, "is a device, a fifo or a socket", "leave it out")
    if entry.flags & entries.FLAG_ENCRYPTED or entry.method == entries.AES:
        yield error("encrypted", entry.name, "is encrypted", "zip it without a password")
    elif entry.method not in {entries.STORED, entries.DEFLATED}:
        text = f"uses compression method {entry.method}; only stored (0) and deflate (8) are supported"
        yield error("compression", entry.name, text, _REBUILD)
    if entry.disagreement == "size":
        yield error("local-size", entry.name, "has another size or checksum in its own header", _REBUILD)
    elif entry.disagreement not in {"", "header"}:
        text = f"has another {entry.disagreement} in its own header than in the archive's directory"
        yield error("local-header", entry.name, text, _REBUILD)
    if entry.size >= _RATIO_FROM_BYTES and entry.size > entry.packed * _RATIO_MAX:
        yield warning(
            "ratio", entry.name, f"swells from {entry.packed} to {entry.size} bytes", "make sure it is meant"
        )


def _overlapping(listing: Listing) -> list[Entry]:
    """Entries whose bytes are partly another entry's, or the directory's: how small bombs are built."""
    found = []
    end = 0
    for entry in sorted(listing.entries, key=attrgetter("offset")):
        if entry.start < 0:
            continue
        if entry.offset < end or entry.start + entry.packed > listing.directory_start:
            found.append(entry)
        end = max(end, entry.start + entry.packed)
    return found


def _contents(data: bytes, listing: Listing, overlapping: list[Entry]) -> Iterator[Finding]:
    """Inflates everything once, at most the size a package may have."""
    room = UNZIPPED_MAX_BYTES
    skipped = {id(entry) for entry in overlapping}
    for entry in listing.entries:
        if id(entry) in skipped or entry.method not in {entries.STORED, entries.DEFLATED}:
            continue
        if entry.flags & entries.FLAG_ENCRYPTED:
            continue
        try:
            for piece in content.stream(data, entry):
                room -= len(piece)
                if room < 0:
                    return  # said already: the declared sizes are beyond the limit
        except content.Damaged as problem:
            yield error("damaged", entry.name, f"is damaged: {problem}", _REBUILD)
