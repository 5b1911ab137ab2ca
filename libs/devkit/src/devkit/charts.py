"""Helm charts rendered as `helm template` renders them, and walks over what comes out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

RELEASE = "demo"
NAMESPACE = "shop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """A chart's manifests with certain values, and the notes that an installation ends with."""

    manifests: tuple[Manifest, ...]
    notes: str = ""

    def of_kind(self, kind: str) -> list[Manifest]:
        return [manifest for manifest in self.manifests if manifest["kind"] == kind]

    def named(self, kind: str, name: str) -> Manifest:
        """The one object of that kind and name; raises LookupError when there is none."""
        for manifest in self.of_kind(kind):
            if manifest["metadata"]["name"] == name:
                return manifest
        raise LookupError(f"there is no {kind} {name}")

    def pods(self) -> list["Pod"]:
        """What runs: the pods of all workloads, and pods that stand alone."""
        return [Pod(manifest) for manifest in self.manifests if _pod_template(manifest)]


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, and the manifest that it comes from."""

    manifest: Manifest

    @property
    def name(self) -> str:
        return f"{self.manifest['kind']}/{self.manifest['metadata']['name']}"

    @property
    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = _pod_template(self.manifest)["metadata"]["labels"]
        return labels

    @property
    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = _pod_template(self.manifest)["spec"]
        return spec

    def containers(self) -> Iterator[dict[str, Any]]:
        yield from self.spec.get("initContainers", ())
        yield from self.spec["containers"]


def render(chart: Path, values: Mapping[str, Any] | None = None) -> Rendering:
    """Render a chart as release `demo` in namespace `shop`.

    Raises helm_python.HelmError with Helm's own words where the values or templates are wrong.
    """
    from helm_python import Chart  # noqa: PLC0415 -- 75 MB, for who works on charts

    with Chart.load(chart) as loaded:
        rendered = loaded.render(dict(values or {}), name=RELEASE, namespace=NAMESPACE)
    notes = [text for path, text in rendered.items() if path.endswith("NOTES.txt")]
    texts = [text for path, text in sorted(rendered.items()) if not path.endswith("NOTES.txt")]
    documents = [document for text in texts for document in yaml.safe_load_all(text)]
    return Rendering(manifests=tuple(filter(None, documents)), notes="\n".join(notes))


def _pod_template(manifest: Manifest) -> Manifest:
    if manifest["kind"] == "Pod":
        return manifest
    if manifest["kind"] in {"Deployment", "StatefulSet", "Job"}:
        template: Manifest = manifest["spec"]["template"]
        return template
    return {}
