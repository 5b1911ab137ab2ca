"""A process that keeps the view slowly, so that it can be killed halfway."""

import asyncio
import importlib.util
import sys
import time
from pathlib import Path
from typing import Any

import nats

from chassis.persistence.database import Database
from chassis.views import KeptView, feed, view


def conftest() -> Any:
    path = Path(__file__).parent / "conftest.py"
    spec = importlib.util.spec_from_file_location("library", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["library"] = module
    spec.loader.exec_module(module)
    return module


async def main(database_url: str, nats_url: str) -> None:
    library = conftest()
    feed._BATCH = 20
    client = await nats.connect(nats_url)

    async def connected() -> Any:
        return client

    slowed = [view.Projection(one.event, _slowly(one.project)) for one in library.SHELF.projections]
    shelf = view.View(name="shelf", version=1, tables=library.TABLES, projections=tuple(slowed))
    await KeptView(Database(database_url), shelf, library.READER, connected).run()


def _slowly(project: Any) -> Any:
    def projected(event: Any) -> Any:
        time.sleep(0.003)
        return project(event)

    return projected


asyncio.run(main(*sys.argv[1:]))
