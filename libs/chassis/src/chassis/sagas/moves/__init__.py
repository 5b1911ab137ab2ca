"""The rules by which a saga moves, by topic; `chassis.sagas.transition` is their entrance."""
