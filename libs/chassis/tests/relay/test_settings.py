"""What a relay can be told, and what the reference says that it can be told."""

from chassis.relay.settings import VARIABLES, RelaySettings


class Environment(dict[str, str]):
    """Remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__({"SERVICE_NAME": "order-service", "DATABASE_URL": "d", "NATS_URL": "n"})
        self.asked: set[str] = set()

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        self.asked.add(name.removesuffix("_FILE"))
        return super().get(name, default)


def test_the_reference_tells_of_every_variable_that_a_relay_reads_and_of_no_other() -> None:
    environment = Environment()

    RelaySettings.from_environment(environment)

    assert environment.asked == set(VARIABLES)
