"""The OpenAPI document names every status that can occur."""

from fastapi import FastAPI


def statuses(app: FastAPI, method: str, path: str) -> set[str]:
    return set(app.openapi()["paths"][path][method]["responses"])


def test_a_route_documents_its_own_problems_and_everybodys(app: FastAPI):
    assert statuses(app, "post", "/payments") == {
        *("201", "400", "409", "413", "422", "500", "503", "504")
    }


def test_a_route_without_body_cannot_get_a_body_wrong(app: FastAPI):
    assert statuses(app, "get", "/payments") == {"200", "400", "422", "500", "503", "504"}


def test_problems_are_documented_with_their_media_type_and_schema(app: FastAPI):
    document = app.openapi()

    for status in ("400", "409", "413", "422", "500", "503"):
        content = document["paths"]["/payments"]["post"]["responses"][status]["content"]
        assert content == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }
    assert {"Problem", "InvalidValue"} <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_a_problem_that_passes_is_documented_with_retry_after(app: FastAPI):
    responses = app.openapi()["paths"]["/payments"]["post"]["responses"]

    assert "Retry-After" in responses["409"]["headers"]
    assert "headers" not in responses["422"]


def test_the_document_stays_the_same_when_it_is_asked_for_again(app: FastAPI):
    assert app.openapi() == app.openapi()
