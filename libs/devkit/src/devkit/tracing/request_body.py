"""The body of an OTLP/HTTP request, unpacked and within bounds."""

import zlib

from starlette.requests import Request

PROTOBUF = "application/x-protobuf"
_LIMIT = 16 * 1024 * 1024
_GZIP = zlib.MAX_WBITS | 16


class RequestRefusedError(ValueError):
    """The request cannot be read; the message says why, ``status`` is the HTTP status for it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def protobuf_body(request: Request) -> bytes:
    """The body, which is protobuf, plain or gzip; raises RequestRefusedError."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != PROTOBUF:
        raise RequestRefusedError(
            415,
            f"the content type is {media_type!r}: only {PROTOBUF} is read; "
            "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        )
    body = await _limited(request)
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "identity":
            return body
        case "gzip":
            return _unpacked(body)
        case other:
            raise RequestRefusedError(415, f"the content encoding is {other!r}: only gzip is read")


async def _limited(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LIMIT:
            raise _too_large()
    return bytes(body)


def _unpacked(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacking.decompress(body, _LIMIT + 1)
    except zlib.error as error:
        raise RequestRefusedError(400, f"the body is not gzip: {error}") from error
    if len(unpacked) > _LIMIT:
        raise _too_large()
    if not unpacking.eof:
        raise RequestRefusedError(400, "the gzip body ends too early")
    return unpacked


def _too_large() -> RequestRefusedError:
    return RequestRefusedError(
        413, f"the body has more than {_LIMIT} bytes: export smaller batches of spans"
    )
