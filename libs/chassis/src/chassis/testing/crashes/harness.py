"""Running a scenario again and again, each time with something else going wrong."""

from collections.abc import Sequence

from chassis.testing.crashes.report import CrashFoundError, Report, shortest
from chassis.testing.crashes.run import Play, Run, Scenario, play
from chassis.testing.twins.faults import (
    GUARANTEED,
    KILLS_OF_RELAYS,
    KILLS_OF_TRANSACTIONS,
    Fault,
    FaultKind,
)
from chassis.testing.twins.platform import Check, Limits
from chassis.testing.twins.service import ServiceTwin

try:
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError("hypothesis chooses the faults: install longship-chassis[testing]") from error


class CrashHarness:
    """Looks for a way in which services end up in disagreement.

    `given(platform)` sets up what is there before; `start(platform)` makes requests; `invariant`
    and `after_each_commit` raise AssertionError when something is wrong at the end, or in between.
    Besides, at the end nothing may be on its way, no saga may be open and no message given up, and
    no flow may still be awaited; `may_need_attention` and `may_give_up` say which of it is right.

    `faults` are the kinds to try: by default all that at-least-once delivery with order by key and
    dying processes bring about.
    """

    def __init__(
        self,
        *,
        services: Sequence[ServiceTwin],
        start: Play,
        invariant: Check,
        given: Play | None = None,
        after_each_commit: Check | None = None,
        may_need_attention: bool = False,
        may_give_up: bool = False,
        faults: Sequence[FaultKind] = GUARANTEED,
        limits: Limits | None = None,
    ) -> None:
        self._kinds = tuple(faults)
        self._scenario = Scenario(
            services=services,
            start=start,
            invariant=invariant,
            given=given,
            after_each_commit=after_each_commit,
            may_need_attention=may_need_attention,
            may_give_up=may_give_up,
            limits=limits or Limits(),
        )

    def run(self, *faults: Fault) -> Run:
        """One run with these faults, whatever comes of it."""
        return play(self._scenario, faults)

    def check_without_faults(self) -> Run:
        """Raises CrashFoundError if something is wrong even so."""
        run = self.run()
        if run.problem is not None:
            raise CrashFoundError(run.story)
        return run

    def check_every_single_fault(self) -> Report:
        """Every transaction, publication and delivery of the fault-free run with every fault.

        Raises CrashFoundError with the shortest story of all that ended badly.
        """
        calm = self.check_without_faults()
        runs = [self.run(fault) for fault in self._single_faults(calm)]
        failed = [run for run in runs if run.problem is not None]
        if failed:
            others = [f"  {run.faults[0]}: {run.problem}" for run in failed]
            raise CrashFoundError(
                f"{shortest(failed).story}\n{len(failed)} of {len(runs)} runs end badly:\n"
                + "\n".join(others)
            )
        return Report.of(calm, runs)

    def check_random_faults(
        self, examples: int = 200, *, at_most: int = 5, start_from: int | None = None
    ) -> Report:
        """Several faults at once, as hypothesis chooses them.

        The choice is the same each time, unless `start_from` gives another seed. Raises
        CrashFoundError with the story of the smallest failing set of faults that was found.
        """
        calm = self.check_without_faults()
        runs: list[Run] = []

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=start_from is None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @given(st.lists(self._any_fault(calm), min_size=1, max_size=at_most, unique=True))
        def check(faults: list[Fault]) -> None:
            run = self.run(*sorted(faults))
            runs.append(run)
            if run.problem is not None:
                raise CrashFoundError(run.story)

        (check if start_from is None else seed(start_from)(check))()
        return Report.of(calm, runs)

    def _single_faults(self, calm: Run) -> list[Fault]:
        return [Fault(kind, at) for kind in self._kinds for at in range(_targets(calm, kind))]

    def _any_fault(self, calm: Run) -> st.SearchStrategy[Fault]:
        """Faults also of what comes of other faults: a compensation, a repeated command."""
        by_kind = [
            st.builds(Fault, st.just(kind), st.integers(0, 2 * _targets(calm, kind)))
            for kind in self._kinds
        ]
        return st.one_of(by_kind)


def _targets(run: Run, kind: FaultKind) -> int:
    if kind in KILLS_OF_TRANSACTIONS:
        return len(run.transactions)
    return len(run.publications if kind in KILLS_OF_RELAYS else run.deliveries)
