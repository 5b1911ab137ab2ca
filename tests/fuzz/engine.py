"""Running schemathesis on an application, and counting what came of it."""

import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

OWN_PROBLEM = "urn:longship:problem:"
NOT_READY = 503


@dataclass
class Figures:
    """What was tried, what was answered, and what was wrong with it."""

    cases: int = 0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def operations(self) -> int:
        return len({operation for operation, _ in self.answers})

    @property
    def told(self) -> str:
        """What was wrong, with a request that shows it."""
        return "\n\n".join(
            f"{operation}: {title}\n{told}" for (operation, title), told in self.failures.items()
        )

    def __str__(self) -> str:
        by_status = Counter[int]()
        for (_, status), count in self.answers.items():
            by_status[status] += count
        statuses = ", ".join(f"{status}: {by_status[status]}" for status in sorted(by_status))
        return (
            f"{self.operations} operations, {self.cases} cases ({statuses}), "
            f"{len(self.failures)} failures"
        )


def fuzz(app: Any, *, examples: int, headers: dict[str, str] | None = None) -> Figures:
    """Try every operation that the application documents, with valid and invalid requests."""
    config = SchemathesisConfig.from_dict(
        {
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "headers": headers or {},
            "continue-on-failure": True,
        }
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    schema.hook("filter_failure")(_is_wrong)
    figures = Figures()
    # large requests are shown by hypothesis, slowly, where one of them finds something
    warnings.filterwarnings("ignore", "Generating overly large repr")
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(figures, event.recorder)
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.NonFatalError):
            figures.failures[str(event.label), "error"] = str(event.value)
    return figures


def _is_wrong(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """A request of a valid form may break a rule, if the answer is that rule's own problem.

    Everything else that is refused, although the document allows it, is wrong. A request of which a
    part was made to be wrong is none that the document allows, whatever was meant by the whole.
    """
    if case.operation.path == "/readyz" and response.status_code == NOT_READY:
        return False  # documented, and the truth on a machine that is too busy to answer in time
    if failure.title == "Schema-violating request accepted":
        # on the wire, a list of one and the one alone are the same
        return "in query - violates `anyOf`" not in failure.message
    if failure.title != "Schema-valid request rejected":
        return True
    if any(part.mode.is_negative for part in case.meta.components.values()):
        return False
    problem = response.json() if "json" in response.headers["content-type"][0] else {}
    return not str(problem.get("type", "")).startswith(OWN_PROBLEM)


def _note(figures: Figures, recorder: Any) -> None:
    operation_of = {one: node.value.operation.label for one, node in recorder.cases.items()}
    figures.cases += len(recorder.cases)
    for one, interaction in recorder.interactions.items():
        if interaction.response is not None:
            figures.answers[operation_of[one], interaction.response.status_code] += 1
    for one, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                info = check.failure_info
                key = operation_of[one], info.failure.title
                answer = recorder.interactions[one].response
                text = answer.content[:500] if answer is not None and answer.content else b""
                told = f"{info.failure.message}\n{info.code_sample}\n{text!r}"
                figures.failures.setdefault(key, told)
