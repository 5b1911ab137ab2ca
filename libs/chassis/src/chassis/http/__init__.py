"""What every service's HTTP interface shares.

`create_http_app` gives a FastAPI application that answers every error as a problem (RFC 9457),
says how it is, shows its metrics and refuses bodies that are too large.
"""

from chassis.http.application import create_http_app
from chassis.http.dependencies import Transaction, provide, provided
from chassis.http.idempotency import Answer, Idempotency
from chassis.http.problems import ProblemType, declare_problems, documented
from chassis.http.validators import Validators, revalidated

__all__ = [
    "Answer",
    "Idempotency",
    "ProblemType",
    "Transaction",
    "Validators",
    "create_http_app",
    "declare_problems",
    "documented",
    "provide",
    "provided",
    "revalidated",
]
