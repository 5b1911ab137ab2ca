"""A saga as its author writes it: a class in one file.

    class CreateOrderSaga(Saga[CreateOrderData], type="CreateOrder", version=1):
        deadline = minutes(5)
        on_timeout = note_timed_out
        steps = (
            local(create_order, compensation=reject_order),
            command(reserve_credit, compensation=release_credit, timeout=seconds(10)),
            command(reserve_stock, kind=PIVOT),
            command(confirm_credit, kind=RETRIABLE),
            local(approve_order, kind=RETRIABLE),
        )

Compensatable steps come first, then at most one pivot, then retriable steps. Beside `local` and
`command` there are `notify`, for what nobody answers, `parallel`, for commands that are under way
at the same time, and `sub_saga`. The class is checked when it is made and is never instantiated: it
is the definition.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Generic, get_args, get_origin

from chassis.sagas.checks import SagaDefinitionError, check
from chassis.sagas.steps import D, ParallelStep, SingleStep, Step


class Saga(Generic[D]):
    """Base of saga definitions; `D` is the saga's data, a frozen pydantic model.

    `deadline` bounds the time until the pivot or the first retriable step is reached: when it
    passes before, the saga compensates. `on_timeout` is `(data) -> data` and takes note in the data
    that the saga goes back because of the deadline or a step's time-out; `on_cancel` does the same
    when it goes back because somebody cancelled it or made it compensate.

    Raises SagaDefinitionError, when the class is made, for a saga that could not be carried out.
    """

    saga_type: ClassVar[str]
    version: ClassVar[int]
    data_type: ClassVar[type[Any]]
    steps: ClassVar[tuple[Step, ...]] = ()
    deadline: ClassVar[timedelta | None] = None
    on_timeout: ClassVar[Callable[[Any], Any] | None] = None
    on_cancel: ClassVar[Callable[[Any], Any] | None] = None

    _positions: ClassVar[dict[str, int]]
    _members: ClassVar[dict[str, SingleStep]]

    def __init_subclass__(cls, *, type: str, version: int) -> None:  # noqa: A002 - reads as in contracts
        super().__init_subclass__()
        cls.saga_type, cls.version = type, version
        cls.data_type = _data_type(cls)
        check(
            cls.__name__,
            data_type=cls.data_type,
            version=version,
            steps=cls.steps,
            deadline=cls.deadline,
        )
        cls._positions = {
            name: position for position, step in enumerate(cls.steps) for name in _names(step)
        }
        cls._members = {step.name: step for step in cls.single_steps()}

    @classmethod
    def step(cls, name: str) -> Step:
        """A step or a group by its name; raises SagaDefinitionError for one that there is not."""
        return cls._members.get(name) or cls.steps[cls._position(name)]

    @classmethod
    def single_steps(cls) -> list[SingleStep]:
        """All steps, those of groups one by one."""
        return [single for step in cls.steps for single in _singles(step)]

    @classmethod
    def single_steps_after(cls, name: str | None) -> list[SingleStep]:
        """The steps that follow the one or the group named, those of groups one by one."""
        return [single for step in cls.steps_after(name) for single in _singles(step)]

    @classmethod
    def single_step(cls, name: str) -> SingleStep:
        """A step by its name, be it in a group or not."""
        step = cls.step(name)
        assert not isinstance(step, ParallelStep), "a group is no single step"
        return step

    @classmethod
    def group_of(cls, name: str) -> ParallelStep | None:
        """The group that a step is in, if it is in one."""
        step = cls.steps[cls._position(name)]
        return step if isinstance(step, ParallelStep) else None

    @classmethod
    def steps_after(cls, name: str | None) -> Sequence[Step]:
        """The steps that follow the one named, or all of them."""
        return cls.steps if name is None else cls.steps[cls._position(name) + 1 :]

    @classmethod
    def _position(cls, name: str) -> int:
        try:
            return cls._positions[name]
        except KeyError:
            raise SagaDefinitionError(
                f"{cls.__name__} version {cls.version} has no step '{name}', and an instance is on "
                "it: bring the step back, and give the changed saga a new version"
            ) from None


SagaDefinition = type[Saga[Any]]


def _singles(step: Step) -> Sequence[SingleStep]:
    return step.steps if isinstance(step, ParallelStep) else (step,)


def _names(step: Step) -> list[str]:
    return [step.name, *(single.name for single in _singles(step) if single is not step)]


def _data_type(saga: SagaDefinition) -> type[Any]:
    for base in getattr(saga, "__orig_bases__", ()):
        if get_origin(base) is Saga:
            (data_type,) = get_args(base)
            if isinstance(data_type, type):
                return data_type
    raise SagaDefinitionError(
        f"{saga.__name__} does not name its data: "
        f"write `class {saga.__name__}(Saga[<its data>], type=…, version=…)`"
    )
