"""The OpenAPI document that is served is complete."""

from typing import Any

import pytest

from devkit.pages.openapi import openapi


@pytest.fixture
def paths() -> dict[str, Any]:
    return openapi("api_gateway")["paths"]


def test_every_operation_of_the_api_says_who_may_and_how_it_fails(paths):
    for path, operations in paths.items():
        for method, operation in operations.items():
            if operation["tags"] != ["health"]:
                assert operation["security"], (method, path)
                failures = {"400", "401", "403", "429", "500", "502", "503", "504"}
                assert failures <= set(operation["responses"]), (method, path)


def test_every_problem_has_its_media_type(paths):
    for operations in paths.values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert set(response["content"]) == {"application/problem+json"}
