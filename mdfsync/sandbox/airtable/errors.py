"""Refusals of the sandbox's Airtable: status, type and body as the real service words them.

Three body shapes exist on the wire and all occur here: an object with `type` and `message`, a bare text
(`{"error": "NOT_FOUND"}`) and the plural envelope of the rate limiter. Texts are those seen in
public captures; where none is known the nearest one is used (noted at the function).
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that Airtable answers with an error; nothing of it takes effect."""

    def __init__(
        self, status: int, type: str, message: str | None = None, *, bare: bool = False, plural: bool = False
    ) -> None:
        super().__init__(f"{status} {type}: {message or ''}")
        self.status = status
        self.type = type
        detail: Any = type if bare else {"type": type} if message is None else {"type": type, "message": message}
        self.body: dict[str, Any] = {"error": detail}
        if plural:
            self.body = {"errors": [{"error": type, "message": message}]}


def not_found() -> Refusal:
    """Unknown route or malformed id in the path; answered even without a token."""
    return Refusal(404, "NOT_FOUND", bare=True)


def unauthenticated() -> Refusal:
    return Refusal(401, "AUTHENTICATION_REQUIRED", "Authentication required")


def model_not_found() -> Refusal:
    """Base not granted or unknown, table unknown, and (as of 2026) a record id that does not exist on GET."""
    return Refusal(
        403,
        "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
        "Invalid permissions, or the requested model was not found. Check that both your user and your token have "
        "the required permissions, and that the model names and/or ids are correct.",
    )


def table_not_found(table: str, base_id: str) -> Refusal:
    """The answer of 2017 to 2022 to an unknown table."""
    return Refusal(404, "TABLE_NOT_FOUND", f"Could not find table {table} in application {base_id}")


def forbidden(doing: str = "perform this operation") -> Refusal:
    return Refusal(403, "INVALID_PERMISSIONS", f"You are not permitted to {doing}")


def invalid_request(message: str = "parameter validation failed. Check your request data.") -> Refusal:
    return Refusal(422, "INVALID_REQUEST_UNKNOWN", f"Invalid request: {message}")


def invalid_body(status: int = 422) -> Refusal:
    return Refusal(status, "INVALID_REQUEST_BODY", "Could not parse request body")


def too_large() -> Refusal:
    """Documented as 413; the body is a guess."""
    return Refusal(413, "REQUEST_ENTITY_TOO_LARGE", "Request body is too large")


def rate_limited(*, singular: bool = False) -> Refusal:
    """More than five requests a second: the plural envelope was seen on the wire, others quote a singular one."""
    message = "Rate limit exceeded. Please try again later"
    return Refusal(429, "RATE_LIMIT_REACHED", message, plural=not singular)


def billing_limit(*, plural: bool = False) -> Refusal:
    """The month's calls are spent; the envelope is unconfirmed, the singular one likelier."""
    message = "The monthly API call limit of this workspace has been reached."
    return Refusal(429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED", message, plural=plural)


def unavailable() -> Refusal:
    return Refusal(503, "RETRIABLE_ERROR", "The server is busy. Please try again.")


def server_error() -> Refusal:
    """The body is unconfirmed; airtable.js expects something generic."""
    return Refusal(500, "SERVER_ERROR", "An unexpected error occurred.")


def iterator_gone() -> Refusal:
    """An offset that expired: an object with a type and no message."""
    return Refusal(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")


def invalid_offset() -> Refusal:
    """What was never an offset (unconfirmed)."""
    return Refusal(422, "INVALID_OFFSET_VALUE", "The value of offset is invalid")


def view_not_found(view: str) -> Refusal:
    if view.startswith("viw"):
        return Refusal(422, "VIEW_ID_NOT_FOUND", f"View {view} not found")
    return Refusal(422, "VIEW_NAME_NOT_FOUND", f"View {view} not found")


def missing_fields() -> Refusal:
    return Refusal(422, "INVALID_REQUEST_MISSING_FIELDS", 'Could not find field "fields" in the request body')


def unknown_field(name: str) -> Refusal:
    return Refusal(422, "UNKNOWN_FIELD_NAME", f'Unknown field name: "{name}"')


def invalid_value(message: str) -> Refusal:
    return Refusal(422, "INVALID_VALUE_FOR_COLUMN", message)


def unacceptable(field: str) -> Refusal:
    return invalid_value(f'Field "{field}" cannot accept the provided value')


def computed_field(field: str) -> Refusal:
    return invalid_value(f'Field "{field}" cannot accept a value because the field is computed')


def unparseable(field: str, value: Any) -> Refusal:
    return invalid_value(f'Cannot parse value "{value}" for field {field}')


def unknown_choice(name: str) -> Refusal:
    """The doubled quotes are the service's own."""
    return Refusal(
        422,
        "INVALID_MULTIPLE_CHOICE_OPTIONS",
        f'Insufficient permissions to create new select option ""{name}""',
    )


def no_such_row(record_id: str, *, in_table: bool = True) -> Refusal:
    where = " in this table" if in_table else ""
    return Refusal(422, "ROW_DOES_NOT_EXIST", f"Record ID {record_id} does not exist{where}")


def wrong_linked_table(record_id: str) -> Refusal:
    return Refusal(
        422,
        "ROW_TABLE_DOES_NOT_MATCH_LINKED_TABLE",
        f"Record ID {record_id} belongs to a table that is not the linked table",
    )


def invalid_records(message: str | None = None) -> Refusal:
    return Refusal(
        422,
        "INVALID_RECORDS",
        message or 'You must provide an array of up to 10 record objects, each with a "fields" object for cell values.',
    )


def invalid_formula(detail: str = "Invalid formula. Please check your formula text.") -> Refusal:
    return Refusal(422, "INVALID_FILTER_BY_FORMULA", f"The formula for filtering records is invalid: {detail}")


def invalid_field_options(where: str, why: str) -> Refusal:
    return Refusal(422, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", f"Invalid options for {where}: {why}")
