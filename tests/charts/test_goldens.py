"""What each values file renders to is kept, so that a change of the charts shows in its review.

`make goldens` writes them anew.
"""

import os
import re
from pathlib import Path

import yaml

from devkit.charts import Manifest, Rendering

GOLDENS = Path(__file__).parent / "golden"
# 43 characters: the same in base64, as a JWK set has it
GENERATED_PASSWORD = re.compile(r"\b(?:[A-Za-z0-9]{32}|[A-Za-z0-9]{43})\b")


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML calls it so
        return True


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def test_the_charts_render_to_what_is_kept(rendering: Rendering, name_of_case: str):
    golden = GOLDENS / f"{name_of_case}.yaml"
    text = "---\n".join(as_text(manifest) for manifest in in_order(rendering)) + notes(rendering)
    if os.environ.get("GOLDENS") == "write":
        golden.write_text(text)
    assert text == golden.read_text(), "run `make goldens` and look at the difference"


def in_order(rendering: Rendering) -> list[Manifest]:
    return sorted(rendering.manifests, key=lambda m: (m["kind"], m["metadata"]["name"]))


def as_text(manifest: Manifest) -> str:
    text = yaml.dump(without_files(manifest), Dumper=Dumper, sort_keys=False, width=200)
    return GENERATED_PASSWORD.sub("GENERATED", text) if manifest["kind"] == "Secret" else text


def without_files(manifest: Manifest) -> Manifest:
    """Rules and dashboards are files of the chart, held by tests of their own."""
    if manifest["kind"] == "PrometheusRule":
        groups = [group["name"] for group in manifest["spec"]["groups"]]
        return {**manifest, "spec": {"groups": groups}}
    if "-dashboard-" in manifest["metadata"]["name"]:
        return {**manifest, "data": sorted(manifest["data"])}
    return manifest


def notes(rendering: Rendering) -> str:
    return "".join(f"# {line}\n".replace(" \n", "\n") for line in rendering.notes.splitlines())
