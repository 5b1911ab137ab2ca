"""The evaluator does what Prometheus's documentation says; promtool agrees where it is at hand."""

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from devkit.promql.evaluate import UnsupportedQueryError, evaluate
from devkit.promql.operators import QueryError
from devkit.promql.series import NAME, History

MINUTE = 60.0

# Series as promtool writes them: a value a minute, `_` for none
SERIES = {
    'requests_total{job="a",code="200"}': "0 60 120 180 240 300 360 420 480 540 600",
    'requests_total{job="a",code="500"}': "0 0 0 6 6 6 6 6 12 12 12",
    'requests_total{job="b",code="200"}': "0 30 60 10 40 70 100 130 160 190 220",
    'requests_total{job="c",code="200"}': "_ _ _ _ _ _ _ _ 5 7 9",
    'age_seconds{job="a"}': "1 2 3 4 5 6 7 8 9 10 11",
    'age_seconds{job="b"}': "5 5 5 5 5 5 5 5 5 5 5",
    'up{job="a",instance="1"}': "1 1 1 1 1 1 1 1 1 1 1",
    'up{job="a",instance="2"}': "1 1 1 1 1 1 1 1 1 0 0",
    'build_info{job="a",version="7"}': "1 1 1 1 1 1 1 1 1 1 1",
    'gone{job="a"}': "3 3 3 _ _ _ _ _ _ _ _",
    'took_seconds_bucket{job="a",le="0.1"}': "0 1 2 3 4 5 6 7 8 9 10",
    'took_seconds_bucket{job="a",le="0.5"}': "0 3 6 9 12 15 18 21 24 27 30",
    'took_seconds_bucket{job="a",le="+Inf"}': "0 4 8 12 16 20 24 28 32 36 40",
}

# query -> value by labels, worked out by hand from the documentation, at ten minutes
EXPECTED: dict[str, dict[str, float]] = {
    "age_seconds": {"job=a": 11, "job=b": 5},
    'age_seconds{job!="a"}': {"job=b": 5},
    'age_seconds{job=~"a|x"}': {"job=a": 11},
    'age_seconds{job!~"a"}': {"job=b": 5},
    "age_seconds offset 5m": {"job=a": 6, "job=b": 5},
    "gone": {},
    "gone offset 5m": {"job=a": 3},
    "age_seconds > 5": {"job=a": 11},
    "age_seconds > bool 5": {"job=a": 1, "job=b": 0},
    "10 < age_seconds": {"job=a": 11},
    "age_seconds / 2": {"job=a": 5.5, "job=b": 2.5},
    "-age_seconds": {"job=a": -11, "job=b": -5},
    "age_seconds + on (job) build_info": {"job=a": 12},
    "age_seconds * on (job) group_left (version) build_info": {"job=a,version=7": 11},
    "sum by (job) (up)": {"job=a": 1},
    "sum without (instance) (up)": {"job=a": 1},
    "min(age_seconds)": {"": 5},
    "max(age_seconds)": {"": 11},
    "count(age_seconds)": {"": 2},
    "avg(age_seconds)": {"": 8},
    "age_seconds and on (job) build_info": {"job=a": 11},
    "age_seconds unless on (job) build_info": {"job=b": 5},
    "age_seconds > 6 or age_seconds < 6": {"job=a": 11, "job=b": 5},
    "vector(3) == 3": {"": 3},
    "time() - age_seconds": {"job=a": 589, "job=b": 595},
    'rate(requests_total{job="a",code="200"}[5m])': {"code=200,job=a": 1},
    'increase(requests_total{job="a",code="200"}[5m])': {"code=200,job=a": 300},
    # a reset from 60 to 10 is no decrease; nine minutes are seen, the tenth is extrapolated
    'increase(requests_total{job="b"}[10m])': {"code=200,job=b": (30 + 10 + 210) * 10 / 9},
    # a series that began with 5: what it was before is not guessed below zero
    'increase(requests_total{job="c"}[5m])': {"code=200,job=c": 4 * (120 + 30) / 120},
    "deriv(age_seconds[10m])": {"job=a": 1 / 60, "job=b": 0},
    "histogram_quantile(0.5, took_seconds_bucket)": {"job=a": 0.1 + 0.4 * (20 - 10) / 20},
    "histogram_quantile(0.1, took_seconds_bucket)": {"job=a": 0.1 * 4 / 10},
    "histogram_quantile(0.99, took_seconds_bucket)": {"job=a": 0.5},
    'sum by (job) (rate(requests_total{code=~"5.."}[5m]))'
    " / sum by (job) (rate(requests_total[5m]))": {"job=a": 7.5 / 307.5},
}


@pytest.fixture
def history() -> History:
    history = History()
    for series, values in SERIES.items():
        name, _, rest = series.partition("{")
        labels = dict(pair.split("=", 1) for pair in rest.rstrip("}").split(","))
        points = [
            (minute * MINUTE, float(value))
            for minute, value in enumerate(values.split())
            if value != "_"
        ]
        history.add(name, points, **{key: json.loads(text) for key, text in labels.items()})
    return history


def plain(value: Any) -> dict[str, float]:
    return {
        ",".join(f"{key}={text}" for key, text in sorted(labels) if key != NAME): number
        for labels, number in value.items()
    }


@pytest.mark.parametrize("query", EXPECTED)
def test_a_query_has_the_value_that_the_documentation_promises(
    history: History, query: str
) -> None:
    found = plain(evaluate(query, history, 10 * MINUTE))

    assert found == pytest.approx(EXPECTED[query])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_the_same_values(history: History, tmp_path: Path) -> None:
    tests = [
        {
            "expr": query,
            "eval_time": "10m",
            "exp_samples": [
                {"labels": _as_promtool(labels), "value": number}
                for labels, number in evaluate(query, history, 10 * MINUTE).items()
            ],
        }
        for query in EXPECTED
    ]
    series = [{"series": name, "values": values} for name, values in SERIES.items()]
    (tmp_path / "rules.yaml").write_text("groups: []\n")
    (tmp_path / "test.yaml").write_text(
        yaml.safe_dump(
            {
                "rule_files": ["rules.yaml"],
                "fuzzy_compare": True,
                "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": tests}],
            }
        )
    )
    finished = subprocess.run(
        ["promtool", "test", "rules", "test.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stdout + finished.stderr


def _as_promtool(labels: Any) -> str:
    named = dict(labels)
    name = named.pop(NAME, "")
    pairs = ",".join(f"{key}={json.dumps(text)}" for key, text in sorted(named.items()))
    return f"{name}{{{pairs}}}"


def test_division_by_zero_gives_what_floating_point_says(history: History) -> None:
    assert evaluate("1 / 0", history, 0) == math.inf
    assert evaluate("-1 / 0", history, 0) == -math.inf
    assert math.isnan(evaluate("0 / 0", history, 0))


def test_a_target_that_does_not_answer_is_down_and_its_series_are_gone_at_once() -> None:
    history = History()
    history.scraped("# TYPE a gauge\na 1\n", at=0, job="j", instance="i")
    history.scraped(None, at=15, job="j", instance="i")

    assert plain(evaluate("a", history, 14)) == {"instance=i,job=j": 1}
    assert evaluate("a", history, 15) == {}
    assert plain(evaluate("up == 0", history, 15)) == {"instance=i,job=j": 0}


def test_several_matches_are_an_error_and_not_a_guess(history: History) -> None:
    with pytest.raises(QueryError, match="two series match"):
        evaluate("age_seconds / on (job) up", history, 10 * MINUTE)


@pytest.mark.parametrize(
    "query",
    [
        "topk(1, age_seconds)",
        "quantile(0.5, age_seconds)",
        "absent(age_seconds)",
        "age_seconds @ 1",
        "age_seconds ^ 2",
        "max_over_time(age_seconds[5m])",
        "rate(requests_total[5m:1m])",
        "build_info * on (job) group_right age_seconds",
    ],
)
def test_what_is_not_supported_is_refused(history: History, query: str) -> None:
    with pytest.raises(UnsupportedQueryError, match="not supported"):
        evaluate(query, history, 10 * MINUTE)


def test_a_query_that_does_not_parse_is_refused(history: History) -> None:
    with pytest.raises(ValueError, match="unclosed"):
        evaluate("sum(", history, 0)
