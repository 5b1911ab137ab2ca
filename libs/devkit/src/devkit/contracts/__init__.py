"""Consumer-driven contracts: what a service needs of another's messages, kept and verified.

A consumer's test states what it needs, runs its real handler on it, and the need is kept as a pact
file in the provider's `contracts/consumers/`. The provider's test makes each message with its real
use cases and outbox, and is verified against every consumer's pact. `devkit contracts` checks that
nothing is missing, keeps the matrix of what was verified with what, and answers from it.
"""
