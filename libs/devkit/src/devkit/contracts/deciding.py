"""Whether a version of a service can be deployed beside what is deployed already."""

from collections.abc import Iterator
from dataclasses import dataclass

from devkit.contracts.matrix import Matrix, Version
from devkit.contracts.pacts import COMMAND, Pact


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Yes or no for one environment, with every reason; `notes` are no obstacle."""

    service: str
    version: str
    environment: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def can(self) -> bool:
        return not self.no


def can_i_deploy(matrix: Matrix, service: str, version: str, environment: str) -> Answer:
    """Asked of the matrix alone: what nobody has verified is not allowed."""
    known = matrix.version(service, version)
    if known is None:
        reason = (
            f"nothing is known of {service} {version}: run `make contract-test VERSION={version}` "
            "on its revision"
        )
        return Answer(
            service=service, version=version, environment=environment, yes=(), no=(reason,)
        )
    question = _Question(matrix, known, environment)
    said = [*question.as_consumer(), *question.as_provider()]
    if not said:
        said = [("", f"{service} shares no contract with what is deployed in {environment}")]
    yes, no, notes = ([text for kind, text in said if kind == want] for want in ("yes", "no", ""))
    return Answer(
        service=service,
        version=version,
        environment=environment,
        yes=tuple(yes),
        no=tuple(no),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Question:
    matrix: Matrix
    version: Version
    environment: str

    @property
    def _others(self) -> dict[str, str]:
        deployed = self.matrix.deployed(self.environment)
        return {name: version for name, version in deployed.items() if name != self.version.service}

    def as_consumer(self) -> Iterator[tuple[str, str]]:
        """Whether everybody there gives what this version needs."""
        for provider, digest in self.version.needs.items():
            deployed = self._others.get(provider)
            if deployed is None:
                yield self._absent(provider, self.matrix.pact(digest))
            else:
                yield self._judged(
                    consumer=f"{self.version.service} {self.version.version}",
                    provider=self.matrix.version(provider, deployed),
                    named=f"{provider} {deployed}",
                    digest=digest,
                    then=f"deploy a {provider} that was verified with it first, or verify it there",
                )

    def as_provider(self) -> Iterator[tuple[str, str]]:
        """Whether this version gives everybody there what they need."""
        for consumer, deployed in self._others.items():
            known = self.matrix.version(consumer, deployed)
            if known is None:
                yield "no", f"nothing is known of {consumer} {deployed}, which is deployed there"
            elif (digest := known.needs.get(self.version.service)) is not None:
                yield self._judged(
                    consumer=f"{consumer} {deployed}",
                    provider=self.version,
                    named=f"{self.version.service} {self.version.version}",
                    digest=digest,
                    then="keep what it needs until no deployed version needs it: "
                    "expand, migrate, contract",
                )

    def _absent(self, provider: str, pact: Pact) -> tuple[str, str]:
        asks = any(one.kind == COMMAND for one in pact.interactions)
        service, there = self.version.service, self.environment
        if asks:
            return "no", (
                f"{service} sends commands to {provider}, which is not deployed in {there} "
                f"and would not answer: deploy {provider} there first"
            )
        return "", f"{provider} is not deployed in {there}: {service} hears nothing of it"

    @staticmethod
    def _judged(
        *, consumer: str, provider: Version | None, named: str, digest: str, then: str
    ) -> tuple[str, str]:
        faults = provider.verified.get(digest) if provider else None
        if faults is None:
            return "no", f"{named} was never verified with what {consumer} needs: {then}"
        if faults:
            return "no", f"{named} does not do what {consumer} needs ({'; '.join(faults)}): {then}"
        return "yes", f"{named} does what {consumer} needs"
