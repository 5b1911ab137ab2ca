import pytest

from devkit.outcome import percentile


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, 0.0),
        ([None], 99, 0.0),
        ([7.04], 50, 7.0),
        ([3.0, None, 1.0, 2.0], 50, 2.0),
        ([float(value) for value in range(1, 101)], 99, 99.0),
        ([float(value) for value in range(1, 11)], 99, 10.0),
    ],
)
def test_a_percentile_is_the_nearest_rank(
    values: list[float | None], percent: int, expected: float
) -> None:
    assert percentile(values, percent) == expected
