"""An alert as it is declared, and the Prometheus rule file that it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, Final

import yaml

RUNBOOKS: Final = "https://github.com/longship-platform/longship/blob/main/docs/howto/runbooks"
WARNING: Final = "warning"
CRITICAL: Final = "critical"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """`lasting`: how long the expression must hold. `summary` and `description` are templates of
    Prometheus, over the labels that the expression keeps.

    Two alerts of the same name differ in their severity and share a runbook.
    """

    name: str
    expression: str
    lasting: str
    severity: str
    summary: str
    description: str

    def as_rule(self) -> dict[str, Any]:
        return {
            "alert": self.name,
            "expr": _Text(dedent(self.expression).strip() + "\n"),
            "for": self.lasting,
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}/{self.name}.md",
            },
        }


def rule_file(group: str, alerts: Sequence[Alert]) -> str:
    """The content of one rule file."""
    groups = [{"name": group, "rules": [alert.as_rule() for alert in alerts]}]
    head = "# Written by `devkit observability write`; do not edit.\n"
    return head + yaml.dump({"groups": groups}, Dumper=_Dumper, sort_keys=False, width=100)


class _Text(str):
    """A string that is written as a block."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
)
