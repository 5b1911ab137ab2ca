"""One run of a scenario with its faults, and what is wrong with where it ends."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from chassis.sagas.state import SagaState
from chassis.testing.twins.faults import KILLS_OF_RELAYS, KILLS_OF_TRANSACTIONS, Fault
from chassis.testing.twins.platform import Check, Limits, Platform, platform_of
from chassis.testing.twins.service import ServiceTwin
from chassis.testing.twins.statements.rows import DEAD_LETTERS, FLOWS
from chassis.testing.twins.timeline import Timeline

Play = Callable[[Platform], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is played in each run, and what has to hold at its end; see `CrashHarness`."""

    services: Sequence[ServiceTwin]
    start: Play
    invariant: Check
    given: Play | None = None
    after_each_commit: Check | None = None
    may_need_attention: bool = False
    may_give_up: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened, and the first thing that is wrong, if any.

    The numbers of faults point into `transactions`, `publications` and `deliveries`.
    """

    faults: Sequence[Fault]
    problem: str | None
    timeline: Timeline
    transactions: Sequence[str]
    publications: Sequence[str]
    deliveries: Sequence[str]

    @property
    def story(self) -> str:
        """What is wrong, which faults led to it, and everything that happened."""
        faults = [f"  {fault} ({self._about(fault)})" for fault in self.faults]
        timeline = [f"  {line}" for line in self.timeline.lines()]
        return "\n".join(
            (
                self.problem or "nothing is wrong",
                f"with {_counted(len(faults), 'fault')}:" if faults else "without any fault",
                *faults,
                "what happened (! marks what was made to go wrong):",
                *timeline,
            )
        )

    def _about(self, fault: Fault) -> str:
        of: Sequence[str] = self.deliveries
        if fault.kind in KILLS_OF_TRANSACTIONS:
            of = self.transactions
        elif fault.kind in KILLS_OF_RELAYS:
            of = self.publications
        return of[fault.at] if fault.at < len(of) else "never came to it"


def play(scenario: Scenario, faults: Sequence[Fault] = ()) -> Run:
    """Play a scenario to its end with these faults."""
    with platform_of(*scenario.services, limits=scenario.limits) as platform:
        problem = _problem(scenario, platform, faults)
        return Run(
            faults=tuple(faults),
            problem=problem,
            timeline=platform.timeline,
            transactions=platform.transactions,
            publications=platform.publications,
            deliveries=platform.deliveries,
        )


def _problem(scenario: Scenario, platform: Platform, faults: Sequence[Fault]) -> str | None:
    if scenario.given is not None:
        scenario.given(platform)
    platform.begin(faults, scenario.after_each_commit)
    try:
        scenario.start(platform)
        platform.run()
        for problem in _at_rest(scenario, platform):
            return problem
        scenario.invariant(platform)
    except AssertionError as error:
        return str(error) or f"{type(error).__name__} without a message"
    return None


def _at_rest(scenario: Scenario, platform: Platform) -> Iterator[str]:
    """What is not as it has to be once nothing moves any more."""
    for told in platform.in_flight:
        yield f"still in flight: {told}"
    for name, service in platform.services.items():
        for saga in service.sagas:
            parked = saga.state is SagaState.NEEDS_ATTENTION
            if not saga.state.is_ended and not (parked and scenario.may_need_attention):
                yield f"{saga.saga_type} of {name} is left {saga.state}: {saga.error or saga.step}"
        for letter in service.database.store.rows(DEAD_LETTERS):
            if not scenario.may_give_up:
                yield f"{name} gave up {letter.wire_type}: {letter.error}"
        for expected in service.database.store.rows(FLOWS):
            if not expected.ended:
                yield f"the flow '{expected.flow}' still awaits {expected.awaits}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
