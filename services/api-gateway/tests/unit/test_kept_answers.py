"""An answer that is kept is used only after the service has said that it holds."""

from httpx import Headers

from api_gateway.calls.call import RawAnswer
from api_gateway.calls.kept_answers import KeptAnswers

URL = "http://inventory/products/1"


def answer(content: bytes, status: int = 200, **headers: str) -> RawAnswer:
    return RawAnswer(status=status, headers=Headers(headers), content=content)


def test_what_has_not_changed_is_given_in_full():
    kept = KeptAnswers()
    kept.settle(URL, answer(b"tea", etag='"1"'))

    assert kept.condition(URL) == {"If-None-Match": '"1"'}
    assert kept.settle(URL, answer(b"", 304)).content == b"tea"


def test_what_has_changed_takes_its_place():
    kept = KeptAnswers()
    kept.settle(URL, answer(b"tea", etag='"1"'))

    assert kept.settle(URL, answer(b"coffee", etag='"2"')).content == b"coffee"
    assert kept.condition(URL) == {"If-None-Match": '"2"'}


def test_what_is_gone_is_forgotten():
    kept = KeptAnswers()
    kept.settle(URL, answer(b"tea", etag='"1"'))
    kept.settle(URL, answer(b"", 404))

    assert kept.condition(URL) == {}


def test_those_that_were_used_longest_ago_make_room():
    kept = KeptAnswers(limit=2)
    for name in ("1", "2"):
        kept.settle(name, answer(b"", etag=f'"{name}"'))
    kept.settle("1", answer(b"", 304))
    kept.settle("3", answer(b"", etag='"3"'))

    assert [bool(kept.condition(name)) for name in ("1", "2", "3")] == [True, False, True]
