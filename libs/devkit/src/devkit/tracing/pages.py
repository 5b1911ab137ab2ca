"""Traces as plain text over HTTP, for `curl`."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chassis.telemetry import conventions as c
from devkit.tracing.store import SpanStore
from devkit.tracing.trace import Trace
from devkit.tracing.tree import as_text

_LISTED = 20
_IDS = (c.SAGA_SUBJECT, c.SAGA_ID, c.CONVERSATION_ID)


def trace_pages(store: SpanStore) -> list[Route]:
    """``/traces``: the newest; ``/traces/{id}``: those of an order, a saga, a conversation, or the
    one with this trace id, as trees.
    """

    def newest(_request: Request) -> Response:
        listed = "".join(_line(trace) for trace in store.newest(_LISTED))
        return PlainTextResponse(listed or "no spans have arrived yet\n")

    def found(request: Request) -> Response:
        wanted = request.path_params["id"]
        traces = _about(wanted, store)
        if not traces:
            return PlainTextResponse(
                f"no trace has the id {wanted}, or a span about it: spans arrive half a second"
                " after their end, and old ones go for new ones\n",
                404,
            )
        return PlainTextResponse("\n".join(f"trace {t.trace_id}\n{as_text(t)}" for t in traces))

    return [Route("/traces", newest), Route("/traces/{id}", found)]


def _about(wanted: str, store: SpanStore) -> list[Trace]:
    by_id = store.trace(wanted)
    if by_id is not None:
        return [by_id]
    found = {trace.trace_id: trace for name in _IDS for trace in store.traces({name: wanted})}
    return sorted(found.values(), key=lambda trace: trace.spans[0].start_ns)


def _line(trace: Trace) -> str:
    names = ", ".join(span.name for span in trace.roots) or "its root has not arrived"
    return f"{trace.trace_id}  {len(trace.spans):>4} spans  {names}\n"
