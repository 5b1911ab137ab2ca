"""Answers that were kept with their tags. Each is asked for again before it is used: none is stale.

Own code, because the kept HTTP caches store in SQLite or Redis: in memory, one look cost ten times
what the request costs that it shortens.
"""

from collections import OrderedDict

from api_gateway.calls.call import RawAnswer

_NOT_MODIFIED = 304
_OK = 200


class KeptAnswers:
    """The answers that were used last, at most `limit` of them, by URL."""

    def __init__(self, limit: int = 2000) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, tuple[str, RawAnswer]] = OrderedDict()

    def condition(self, url: str) -> dict[str, str]:
        """What makes the service answer 304 where it has nothing new."""
        kept = self._kept.get(url)
        return {} if kept is None else {"If-None-Match": kept[0]}

    def settle(self, url: str, answer: RawAnswer) -> RawAnswer:
        """The answer in full: the kept one after a 304, else this one, kept where it has a tag."""
        if answer.status == _NOT_MODIFIED and url in self._kept:
            self._kept.move_to_end(url)
            return self._kept[url][1]
        tag = answer.headers.get("ETag")
        if answer.status != _OK or tag is None:
            self._kept.pop(url, None)
        else:
            self._kept[url] = (tag, answer)
            self._kept.move_to_end(url)
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        return answer
