"""customer-service on a real, migrated database; no broker is needed for what is tested here."""

from devkit.service_fixtures import service_fixtures

database_url, service, service_database, client = service_fixtures("customer_service")
