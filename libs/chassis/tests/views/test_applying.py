"""Applying a batch when something else has been faster."""

from typing import Any

import pytest

from chassis.views.applying import Applier
from chassis.views.checkpoints import CheckpointMovedError, Place, load_checkpoint
from chassis.views.direct_get import DirectReader
from chassis.views.feeding import Feeding
from chassis.views.generations import begin_generation


async def test_two_processes_that_both_believe_to_hold_a_partition_do_no_harm(
    library: Any, said: Any, new_view: Any
) -> None:
    view = new_view(1)
    channels = view.channels(library.topology)
    generation, _ = await begin_generation(library.database, view, channels)
    place = Place(generation, channels[0], channels[0].partition("ann"))
    feeding = Feeding(
        database=library.database,
        client=library.client,
        view=view,
        generation=generation,
        channels=channels,
        on_applied=lambda _events: None,
        on_buried=lambda _reason: None,
    )
    await library.publish(
        said.lent(reader="ann", book="dune"), said.returned(reader="ann", book="dune")
    )
    begin = await load_checkpoint(library.database, place)
    [subject] = place.channel.filter_subjects(place.partition)
    reader = DirectReader(library.client, place.channel.stream, subject)
    both, first = await reader.read(1, 2), await reader.read(1, 1)
    await reader.close()

    end = await Applier(feeding, place).apply(begin, both)
    with pytest.raises(CheckpointMovedError):
        await Applier(feeding, place).apply(begin, first)

    assert await load_checkpoint(library.database, place) == end
    assert await library.sql(f"SELECT * FROM {generation.schema}.loans") == []
