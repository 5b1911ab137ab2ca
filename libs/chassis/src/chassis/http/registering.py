"""Registering master data by PUT: 201 where it is new, 200 where it was corrected.

@router.put("/{customer_id}", responses=registering(CustomerAnswer, "The customer is new"))
async def put_customer(…, session: Transaction, response: Response) -> CustomerAnswer:
customer, is_new = await register_customer(session, …)
answer_registered(response, session, is_new=is_new)
return CustomerAnswer.model_validate(customer)
"""

from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette import status
from starlette.responses import Response

from chassis.http.consistency.writing import TOKEN_DOCUMENTED, tell_token


def registering(model: type[BaseModel], new: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of such a route; `new` describes the 201."""
    return {
        status.HTTP_200_OK: {"headers": TOKEN_DOCUMENTED},
        status.HTTP_201_CREATED: {"description": new, "model": model, "headers": TOKEN_DOCUMENTED},
    }


def answer_registered(response: Response, session: AsyncSession, *, is_new: bool) -> None:
    """Set the status, and the token of what the transaction has published."""
    response.status_code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    tell_token(response, session)
