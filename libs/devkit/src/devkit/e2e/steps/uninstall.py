"""`helm uninstall`, and what it leaves."""

from devkit.charts import Manifest
from devkit.e2e.step import Result, Surroundings
from devkit.e2e.waiting import no_pods

_KINDS = (
    "deployments,statefulsets,replicasets,jobs,pods,services,configmaps,secrets,serviceaccounts,"
    "networkpolicies,poddisruptionbudgets,persistentvolumeclaims"
)
_CLAIM = "PersistentVolumeClaim"


async def uninstall(at: Surroundings) -> Result:
    """Nothing but the claims, which hold the data, and the pod of `helm test`, which is a hook."""
    release = at.release
    with at.stages.stage("helm uninstall"):
        await release.uninstall()
        await no_pods(release)
    left = [_told(one) for one in await release.namespace.objects(_KINDS, instance=release.name)]
    claims = [name for name in left if name.startswith(_CLAIM)]
    others = [name for name in left if name not in (*claims, f"Pod/{release.test_pod}")]
    return Result(
        figures={"claims": len(claims), "other_objects": len(others)},
        faults=(
            *(f"{name} was left behind" for name in others),
            *(() if claims else ("the claims, and so the data, are gone",)),
        ),
    )


def _told(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"
