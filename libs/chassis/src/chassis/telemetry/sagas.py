"""Spans of sagas: one for each step in each direction, in the trace that the saga was started in.

No span is held open. When a command is sent, its step's span gets an id, which the command's create
span has as its parent; id and start are stored with the instance. Whatever moves the saga on
records the span, from then until now. Every step has a time-out, so every span comes in the end.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Self

import orjson
from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.util.types import AttributeValue

from chassis.sagas.effects import Effect, RunLocal, SendCommand, Transition
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance, SagaState
from chassis.telemetry import conventions as c
from chassis.telemetry.live import LiveSpan
from chassis.telemetry.propagation import carrier_of, context_of, within
from chassis.telemetry.recorder import Recorded, Recorder, parent_of

_ENDS = {
    EntryKind.REPLY: c.StepOutcome.SUCCESS,
    EntryKind.REFUSAL: c.StepOutcome.REFUSED,
    EntryKind.TIMEOUT: c.StepOutcome.TIMED_OUT,
    EntryKind.DEADLINE: c.StepOutcome.DEADLINE_PASSED,
    EntryKind.INTERVENED: c.StepOutcome.INTERVENED,
}
_NO_FAILURES = (EntryKind.REPLY, EntryKind.INTERVENED)
_ERROR_TYPES = {EntryKind.TIMEOUT: "timeout", EntryKind.DEADLINE: "deadline"}


@dataclass(slots=True, kw_only=True)
class StoredTrace:
    """What an instance keeps: the context of its last step, and while that is open its beginning.

    `parent` is the span id of the step's parent; None once the step's span has been recorded.
    """

    carrier: dict[str, str]
    parent: int | None = None
    since: int = 0

    @classmethod
    def decode(cls, stored: str) -> Self:
        return cls(**orjson.loads(stored))

    def encode(self) -> str:
        stored = {"carrier": self.carrier, "parent": self.parent, "since": self.since}
        return orjson.dumps(stored).decode()


class SagaMove:
    """What a transition's effects and log lines belong to, and what the instance keeps of it."""

    def __init__(
        self,
        recorder: Recorder,
        instance: SagaInstance,
        surroundings: Context,
        trace: StoredTrace,
    ) -> None:
        self._recorder = recorder
        self._instance = instance
        self._surroundings = surroundings
        self._parent = parent_of(surroundings)
        self.trace = trace

    def around(self, effect: Effect) -> AbstractContextManager[object]:
        """What is sent or published in this block is a child of the effect's step."""
        if isinstance(effect, RunLocal):
            return self._running(effect)
        self.trace.since = time.time_ns()
        return _within(context_of(self.trace.carrier))

    def telling(self) -> AbstractContextManager[object]:
        """Log lines of this block say which trace the transition belongs to."""
        return _within(self._surroundings)

    @contextmanager
    def _running(self, effect: RunLocal) -> Iterator[None]:
        """A failure rolls back what the span tells of, so that it is not ended."""
        instance = self._instance
        name, parent = c.step_span(instance.saga_type, effect.step.name), self._parent
        span = LiveSpan(
            self._recorder,
            name,
            SpanKind.INTERNAL,
            context=self._recorder.new_context(name, SpanKind.INTERNAL, self._surroundings, parent),
            parent=parent,
            attributes={
                **_of_instance(instance),
                c.SAGA_STEP: effect.step.name,
                c.SAGA_DIRECTION: effect.direction.value,
                c.SAGA_OUTCOME: c.StepOutcome.SUCCESS,
            },
        )
        with _within(set_span_in_context(span, self._surroundings)):
            yield
        span.end()


class SagaSpans:
    """Makes the spans of sagas."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def follow(self, transition: Transition, earlier: StoredTrace | None) -> SagaMove:
        """Record the step that a transition ends, and begin the one that it sends a command for.

        `earlier` is what an earlier transition of the same batch has left to keep.
        """
        trace = earlier or _stored(transition.before)
        surroundings = self._surroundings(transition.before, trace)
        if trace is not None and (end := _end_of_step(transition)) is not None:
            self._record_step(transition, trace, end)
            trace = StoredTrace(carrier=trace.carrier)
        for effect in transition.effects:
            if isinstance(effect, SendCommand):
                trace = self._begin_step(transition.after, effect, surroundings)
        trace = trace or StoredTrace(carrier=carrier_of(surroundings))
        return SagaMove(self._recorder, transition.after, surroundings, trace)

    def _surroundings(self, instance: SagaInstance, trace: StoredTrace | None) -> Context:
        """The current span, if it is of the saga's own trace, or else its last step.

        So an answer that comes late, or from a participant that does not trace, does not tear the
        saga's trace in two. The first step takes what is current, or begins a trace.
        """
        current = context_api.get_current()
        cause = parent_of(current)
        if trace is None:
            return current if cause else self._new_trace(instance, current)
        own = context_of(trace.carrier)
        return current if cause and cause.trace_id == _trace_id(own) else own

    def _new_trace(self, instance: SagaInstance, current: Context) -> Context:
        name, now = c.saga_span(instance.saga_type), time.time_ns()
        root = self._recorder.new_context(name, SpanKind.INTERNAL, current, None)
        self._recorder.record(
            Recorded(
                name=name,
                kind=SpanKind.INTERNAL,
                context=root,
                parent=None,
                attributes=_of_instance(instance),
                start=now,
                end=now,
            )
        )
        return within(root, current)

    def _begin_step(
        self, instance: SagaInstance, effect: SendCommand, surroundings: Context
    ) -> StoredTrace:
        name = c.step_span(instance.saga_type, effect.step.name)
        parent = parent_of(surroundings)
        step = self._recorder.new_context(name, SpanKind.INTERNAL, surroundings, parent)
        return StoredTrace(
            carrier=carrier_of(within(step, surroundings)),
            parent=parent.span_id if parent else None,
        )

    def _record_step(self, transition: Transition, trace: StoredTrace, end: LogEntry) -> None:
        context = parent_of(context_of(trace.carrier))
        if context is None or trace.parent is None or not context.trace_flags.sampled:
            return
        self._recorder.record(
            Recorded(
                name=c.step_span(transition.before.saga_type, str(transition.before.step)),
                kind=SpanKind.INTERNAL,
                context=context,
                parent=_with_span_id(context, trace.parent),
                attributes=_of_step(transition.before, end) | _of_error(transition, end),
                start=trace.since,
                end=time.time_ns(),
                status=_status(transition, end),
            )
        )


def _trace_id(context: Context) -> int:
    span = parent_of(context)
    return span.trace_id if span else 0


@contextmanager
def _within(context: Context) -> Iterator[None]:
    token = context_api.attach(context)
    try:
        yield
    finally:
        context_api.detach(token)


def _stored(instance: SagaInstance) -> StoredTrace | None:
    return StoredTrace.decode(instance.trace) if instance.trace is not None else None


def _with_span_id(context: SpanContext, span_id: int) -> SpanContext:
    return SpanContext(context.trace_id, span_id, False, context.trace_flags, context.trace_state)


def _is_failure(transition: Transition, end: LogEntry) -> bool:
    return end.kind not in _NO_FAILURES and _turns(transition)


def _error_type(end: LogEntry) -> str:
    return _ERROR_TYPES.get(end.kind) or end.detail or end.kind


def _of_error(transition: Transition, end: LogEntry) -> dict[str, AttributeValue]:
    return {c.ERROR_TYPE: _error_type(end)} if _is_failure(transition, end) else {}


def _status(transition: Transition, end: LogEntry) -> Status:
    failed = _is_failure(transition, end)
    return Status(StatusCode.ERROR, _error_type(end)) if failed else Status()


def _end_of_step(transition: Transition) -> LogEntry | None:
    """The entry that says why the command that was waited for is waited for no more, if so."""
    for entry in transition.entries:
        if entry.kind is EntryKind.DEADLINE and not _turns(transition):
            return None
        if entry.kind is EntryKind.INTERVENED and not _waits_no_more(transition):
            return None
        if entry.kind in _ENDS:
            return entry
    return None


def _waits_no_more(transition: Transition) -> bool:
    return transition.after.command_id != transition.before.command_id


def _turns(transition: Transition) -> bool:
    """Whether the saga goes back from here, or stops."""
    before, after = transition.before, transition.after
    return before.direction is not after.direction or after.state is SagaState.NEEDS_ATTENTION


def _of_instance(instance: SagaInstance) -> dict[str, AttributeValue]:
    return {
        c.SAGA_TYPE: instance.saga_type,
        c.SAGA_ID: str(instance.saga_id),
        c.SAGA_SUBJECT: instance.subject_key,
    }


def _of_step(instance: SagaInstance, end: LogEntry) -> dict[str, AttributeValue]:
    return {
        **_of_instance(instance),
        c.SAGA_STEP: str(instance.step),
        c.SAGA_DIRECTION: instance.direction.value,
        c.SAGA_ATTEMPT: instance.attempt,
        c.SAGA_OUTCOME: _ENDS[end.kind],
    }
