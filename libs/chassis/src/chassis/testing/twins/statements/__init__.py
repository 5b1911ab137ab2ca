"""The twins of the chassis's own statements: what each does, over the tables of a `Store`.

They are found by the statement's text. A conformance test runs the same steps on a twin and on
PostgreSQL. Whoever adds a statement that handlers run gives it a twin here.
"""

from collections.abc import Mapping

from chassis.consumers import barrier, dead_letters, deferral, late
from chassis.consumers import inbox as received
from chassis.flows import statements as of_flows
from chassis.locks import statements as of_locks
from chassis.outbox import session as published
from chassis.testing import outbox as shown
from chassis.testing.twins.session import StatementTwin
from chassis.testing.twins.statements import flows, inbox, locks, outbox, waiting

CHASSIS: Mapping[str, StatementTwin] = {
    received._TAKE_IN: inbox.take_in,
    barrier._RECORD: inbox.record_steps,
    barrier._REPLACE: inbox.replace_steps,
    late._EXPECT: inbox.expect_answers,
    late._SPEND: inbox.spend_answers,
    late._ANSWER: inbox.answer_late,
    published._INSERT: outbox.insert_messages,
    shown._SHOW: outbox.show_outbox,
    deferral._DEFER: waiting.defer,
    deferral._HEADS_DUE: waiting.heads_due,
    deferral._ANYTHING: waiting.anything,
    deferral._TAKE_HEAD: waiting.take_head,
    deferral._LANES: waiting.lanes_before,
    deferral._MOVE: waiting.move,
    deferral._REMOVE: waiting.remove,
    deferral._POSTPONE: waiting.postpone,
    deferral._AWAIT: waiting.await_lock,
    deferral._WITHDRAW: waiting.withdraw,
    dead_letters._BURY: waiting.bury,
    of_locks.TAKE: locks.take,
    of_locks.RELEASE: locks.release,
    of_locks.WAKE_FIRST: waiting.wake_first,
    of_locks.HELD: locks.held,
    of_locks.CLOSES_A_CIRCLE: locks.closes_a_circle,
    of_flows.EXPECT: flows.expect,
    of_flows.REACH: flows.reach,
    of_flows.END: flows.end,
}

NO_INBOX: Mapping[str, StatementTwin] = {received._TAKE_IN: inbox.without_inbox}
NO_BARRIER: Mapping[str, StatementTwin] = {
    received._TAKE_IN: inbox.without_barrier,
    barrier._RECORD: inbox.without_recording,
}
