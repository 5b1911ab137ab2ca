"""The OpenAPI document that is kept is the one that is served, and it is complete."""

import json
from pathlib import Path

from api_gateway.openapi import document

KEPT = Path(__file__).parents[2] / "openapi.json"


def test_the_kept_document_is_current():
    """`make contracts` writes it."""
    assert KEPT.read_text() == document()


def test_every_operation_of_the_api_says_who_may_and_how_it_fails():
    for path, operations in json.loads(document())["paths"].items():
        for method, operation in operations.items():
            if operation["tags"] != ["health"]:
                assert operation["security"], (method, path)
                failures = {"400", "401", "403", "429", "500", "502", "503", "504"}
                assert failures <= set(operation["responses"]), (method, path)


def test_every_problem_has_its_media_type():
    for operations in json.loads(document())["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert set(response["content"]) == {"application/problem+json"}
