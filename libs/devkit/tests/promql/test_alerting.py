"""An alert fires once its expression has held for long enough, and not before."""

from pathlib import Path

import pytest

from devkit.promql.alerting import AlertRule, RuleFileError, firing, read_rules
from devkit.promql.series import History

RULE = AlertRule(name="Old", expression="age > 30", lasting=60, severity="warning", annotations={})


def history(*values: float) -> History:
    """A value every fifteen seconds."""
    made = History()
    made.add("age", [(15.0 * place, value) for place, value in enumerate(values)], job="a")
    return made


def test_an_alert_fires_when_its_expression_has_held_that_long() -> None:
    (fired,) = firing([RULE], history(0, 31, 32, 33, 34, 35, 36), start=0, end=90)

    assert (fired.at, fired.labels, fired.value) == (75, {"job": "a"}, 35)


def test_an_expression_that_holds_too_short_or_with_a_break_is_silent() -> None:
    assert firing([RULE], history(0, 31, 32, 33, 0, 0), start=0, end=75) == []
    assert firing([RULE], history(31, 32, 33, 0, 31, 32, 33, 0), start=0, end=105) == []


def test_a_rule_file_with_something_unknown_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "groups: [{name: a, rules: [{alert: A, expr: up, keep_firing_for: 5m,"
        " labels: {severity: info}, annotations: {}}]}]"
    )
    with pytest.raises(RuleFileError, match="keep_firing_for not supported"):
        read_rules(tmp_path)
