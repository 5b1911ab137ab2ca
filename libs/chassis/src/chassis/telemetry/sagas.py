"""Spans of sagas: one for each step in each direction, in the trace that the saga was started in.

No span is held open. When a command is sent, its step's span gets an id, which the command's create
span has as its parent; id and start are stored with the instance. Whatever moves the saga on
records the span, from then until now. Every step has a time-out, so every span comes in the end.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.util.types import AttributeValue

from chassis.sagas.effects import (
    AnswerParent,
    Effect,
    RunLocal,
    SendCommand,
    StartSubSaga,
    Transition,
    TurnSubSagaBack,
)
from chassis.sagas.state import EntryKind, SagaInstance
from chassis.telemetry import conventions as c
from chassis.telemetry.live import LiveSpan
from chassis.telemetry.propagation import carrier_of, context_of, within
from chassis.telemetry.recorder import Recorded, Recorder, parent_of
from chassis.telemetry.saga_steps import StepEnd, StoredTrace, end_of_step, ends_in_group

Awaited = SendCommand | StartSubSaga | TurnSubSagaBack


def _awaited(effect: Effect) -> Awaited | None:
    """The effect, if a span is open from it until an answer comes."""
    match effect:
        case RunLocal() | SendCommand(answer_by=None) | AnswerParent():
            return None
        case _:
            return effect


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
        match effect:
            case AnswerParent():
                return self.telling()
            case RunLocal() | SendCommand(answer_by=None):
                return self._running(effect)
            case _:
                step = self.trace.of_step(effect.step.name)
                step.since = time.time_ns()
                return _within(context_of(step.carrier))

    def trace_of_step(self, step: str) -> StoredTrace:
        """What a sub-saga begins with: it is a part of its parent's step."""
        return StoredTrace(carrier=self.trace.of_step(step).carrier)

    def telling(self) -> AbstractContextManager[object]:
        """Log lines of this block say which trace the transition belongs to."""
        return _within(self._surroundings)

    @contextmanager
    def _running(self, effect: SendCommand | RunLocal) -> Iterator[None]:
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

        `earlier` is what an earlier transition of the same batch has left to keep, or what a
        sub-saga begins with.
        """
        trace = earlier or _stored(transition.before)
        surroundings = self._surroundings(transition, trace)
        if trace is not None:
            trace = self._record_what_ended(transition, trace)
        for effect in transition.effects:
            if (sent := _awaited(effect)) is not None:
                trace = self._begin_step(transition.after, sent, surroundings, trace)
        trace = trace or StoredTrace(carrier=carrier_of(surroundings))
        return SagaMove(self._recorder, transition.after, surroundings, trace)

    def _record_what_ended(self, transition: Transition, trace: StoredTrace) -> StoredTrace:
        """What is left to keep is the context of what is waited for still."""
        before = transition.before
        if before.branches is None:
            end = end_of_step(transition)
            if end is None:
                return trace
            self._record_step(transition, str(before.step), before.attempt, trace, end)
            return StoredTrace(carrier=trace.carrier)
        ends = ends_in_group(transition)
        for branch in before.branches:
            if branch.step in ends:
                open_step, end = trace.of_step(branch.step), ends[branch.step]
                self._record_step(transition, branch.step, branch.attempt, open_step, end)
        return trace.without(ends)

    def _surroundings(self, transition: Transition, trace: StoredTrace | None) -> Context:
        """The current span, if it is of the saga's own trace, or else its last step.

        So an answer that comes late, or from a participant that does not trace, does not tear the
        saga's trace in two. The first step takes what is current, or begins a trace; a sub-saga is
        a part of its parent's step.
        """
        instance = transition.before
        current = context_api.get_current()
        cause = parent_of(current)
        if trace is None:
            return current if cause else self._new_trace(instance, current)
        own = context_of(trace.carrier)
        if transition.entries[0].kind is EntryKind.STARTED:
            return own
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
        self,
        instance: SagaInstance,
        effect: Awaited,
        surroundings: Context,
        trace: StoredTrace | None,
    ) -> StoredTrace:
        name = c.step_span(instance.saga_type, effect.step.name)
        parent = parent_of(surroundings)
        step = self._recorder.new_context(name, SpanKind.INTERNAL, surroundings, parent)
        begun = StoredTrace(
            carrier=carrier_of(within(step, surroundings)),
            parent=parent.span_id if parent else None,
        )
        if instance.branches is None:
            return begun
        trace = trace or StoredTrace(carrier=carrier_of(surroundings))
        return trace.with_step(effect.step.name, begun)

    def _record_step(
        self, transition: Transition, step: str, attempt: int, trace: StoredTrace, end: StepEnd
    ) -> None:
        context = parent_of(context_of(trace.carrier))
        if context is None or trace.parent is None or not context.trace_flags.sampled:
            return
        before = transition.before
        attributes = {
            **_of_instance(before),
            c.SAGA_STEP: step,
            c.SAGA_DIRECTION: before.direction.value,
            c.SAGA_ATTEMPT: attempt,
            c.SAGA_OUTCOME: end.outcome,
        }
        self._recorder.record(
            Recorded(
                name=c.step_span(before.saga_type, step),
                kind=SpanKind.INTERNAL,
                context=context,
                parent=_with_span_id(context, trace.parent),
                attributes=attributes | ({c.ERROR_TYPE: end.error} if end.error else {}),
                start=trace.since,
                end=time.time_ns(),
                status=Status(StatusCode.ERROR, end.error) if end.error else Status(),
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


def _of_instance(instance: SagaInstance) -> dict[str, AttributeValue]:
    return {
        c.SAGA_TYPE: instance.saga_type,
        c.SAGA_ID: str(instance.saga_id),
        c.SAGA_SUBJECT: instance.subject_key,
    }
