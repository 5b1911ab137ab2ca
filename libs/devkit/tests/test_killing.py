import random

from devkit.killing import victims

NAMES = ["a", "b", "c"]


def test_everybody_is_killed_once_before_anybody_is_killed_twice() -> None:
    chosen = victims(NAMES, kills=8, chance=random.Random(1))
    assert sorted(chosen[:3]) == sorted(chosen[3:6]) == NAMES
    assert len(chosen) == 8


def test_the_same_seed_kills_the_same() -> None:
    again = [victims(NAMES, kills=20, chance=random.Random(1)) for _ in range(2)]
    assert again[0] == again[1]
