"""An OTLP/HTTP endpoint for traces, as a collector has one, and pages to look at them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from devkit.ports import LOOPBACK
from devkit.tracing.otlp import InvalidSpansError, spans_of_protobuf
from devkit.tracing.pages import trace_pages
from devkit.tracing.request_body import PROTOBUF, RequestRefusedError, protobuf_body
from devkit.tracing.store import SpanStore

_START_SECONDS = 30.0
_STOP_SECONDS = 1
# exporters send every five seconds: an idle connection that is closed just then costs a batch
_IDLE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Receiver:
    """A running receiver: ``endpoint`` is a value for ``OTEL_EXPORTER_OTLP_ENDPOINT``."""

    endpoint: str
    spans: SpanStore


@contextmanager
def receiving_spans(spans: SpanStore | None = None, *, port: int = 0) -> Iterator[Receiver]:
    """Receive spans on a loopback port (0: any that is free) until the end of the context.

    It answers from a thread of its own, so that whoever exports never waits for the event loop of
    whoever receives.
    """
    store = SpanStore() if spans is None else spans
    with socket.create_server((LOOPBACK, port)) as listener:
        server = uvicorn.Server(_quiet(_application(store)))
        thread = threading.Thread(
            target=server.run, args=([listener],), name="span receiver", daemon=True
        )
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield Receiver(f"http://{LOOPBACK}:{listener.getsockname()[1]}", store)
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > give_up:
            raise RuntimeError(f"the span receiver did not start within {_START_SECONDS:g} s")
        time.sleep(0.005)


def _quiet(application: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",  # whoever sends garbage is told so in the answer
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


def _application(store: SpanStore) -> Starlette:
    async def export(request: Request) -> Response:
        try:
            body = await protobuf_body(request)
            store.add(await run_in_threadpool(spans_of_protobuf, body))
        except RequestRefusedError as error:
            return PlainTextResponse(str(error), error.status)
        except InvalidSpansError as error:
            return PlainTextResponse(str(error), 400)
        # an ExportTraceServiceResponse without fields: everything was accepted
        return Response(b"", media_type=PROTOBUF)

    receiving = Route("/v1/traces", export, methods=["POST"])
    return Starlette(routes=[receiving, *trace_pages(store)])
