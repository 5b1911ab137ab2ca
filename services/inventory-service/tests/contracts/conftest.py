"""inventory-service as its consumers' contracts are verified with it."""

from devkit.contracts.fixtures import provider_fixture

provider = provider_fixture("inventory_service")
