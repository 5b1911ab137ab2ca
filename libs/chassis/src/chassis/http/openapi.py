"""The OpenAPI document, with the problems that every route can answer.

A route documents its own problems (`documented`); what framework and chassis answer for it is
added here, so that no status occurs that the document does not name.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from chassis.http.problems import Problem, problem_documentation

_METHODS = {"get", "put", "post", "delete", "patch"}
_ANY = {
    "400": problem_documentation("A header cannot be read"),
    "500": problem_documentation("The service failed"),
    "503": problem_documentation("The service cannot work at the moment", retry=True),
    "504": problem_documentation("The time that the caller gave is over"),
}
_WITH_BODY = {
    "400": problem_documentation("The body is not valid JSON, or a header cannot be read"),
    "413": problem_documentation("The body is too large"),
}
_WITH_VALUES = {"422": problem_documentation("The request is not valid")}


def document_problems(app: FastAPI) -> None:
    """Make the application's OpenAPI document complete."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        _add_schemas(document)
        for operation in _operations(document):
            _complete(operation)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in _METHODS)


def _complete(operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    if _is_frameworks(responses.get("422")):
        del responses["422"]
    possible = dict(_ANY)
    if "requestBody" in operation:
        possible |= _WITH_BODY | _WITH_VALUES
    if "parameters" in operation:
        possible |= _WITH_VALUES
    operation["responses"] = possible | responses


def _is_frameworks(response: dict[str, Any] | None) -> bool:
    return response is not None and "application/json" in response.get("content", {})


def _add_schemas(document: dict[str, Any]) -> None:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= schema.pop("$defs") | {"Problem": schema}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
