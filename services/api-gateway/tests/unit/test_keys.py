"""The issuer's keys are asked for when they are needed, and not more often than that."""

import pytest

from api_gateway.access.keys import KeysUnavailableError, SigningKeys, UnknownKeyError
from devkit.issuer import Issuer, new_issuer


class Issuing:
    """A source of keys, which counts how often it is asked."""

    def __init__(self, *issuers: Issuer) -> None:
        self.asked = 0
        self.answer = issuers[0].jwks

    async def __call__(self) -> str:
        self.asked += 1
        if not self.answer:
            raise OSError
        return self.answer


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def old() -> Issuer:
    return new_issuer()


@pytest.fixture
def source(old: Issuer) -> Issuing:
    return Issuing(old)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def keys(source: Issuing, time: Time) -> SigningKeys:
    return SigningKeys(source, at_least_seconds=10, at_most_seconds=300, clock=time)


async def test_keys_are_kept(keys: SigningKeys, source: Issuing, old: Issuer):
    for _ in range(3):
        assert (await keys.key(old.key_id)).key_id == old.key_id

    assert source.asked == 1


async def test_a_new_key_is_found(keys: SigningKeys, source: Issuing, old: Issuer, time: Time):
    await keys.key(old.key_id)
    new = new_issuer()
    source.answer = new.jwks
    time.now += 10

    assert (await keys.key(new.key_id)).key_id == new.key_id


async def test_unknown_keys_do_not_make_it_ask_again_and_again(keys: SigningKeys, source: Issuing):
    for number in range(50):
        with pytest.raises(UnknownKeyError):
            await keys.key(f"guess {number}")

    assert source.asked == 1


async def test_keys_that_were_withdrawn_count_no_longer_after_a_while(
    keys: SigningKeys, source: Issuing, old: Issuer, time: Time
):
    await keys.key(old.key_id)
    source.answer = new_issuer().jwks
    time.now += 301

    with pytest.raises(UnknownKeyError):
        await keys.key(old.key_id)


async def test_an_issuer_that_is_away_leaves_its_known_keys_good(
    keys: SigningKeys, source: Issuing, old: Issuer, time: Time
):
    await keys.key(old.key_id)
    source.answer = ""
    time.now += 301

    assert await keys.key(old.key_id)
    with pytest.raises(KeysUnavailableError):
        await keys.key("new")


@pytest.mark.parametrize("answer", ["", "<html>", "{}", '{"keys": []}', '{"keys": 1}', "[]"])
async def test_without_any_keys_nothing_can_be_told(
    keys: SigningKeys, source: Issuing, answer: str
):
    source.answer = answer

    with pytest.raises(KeysUnavailableError):
        await keys.key("any")
