"""The switches of the sandbox's Crossbeam: what its documentation leaves open or contradicts. Read by `knobs`."""

from __future__ import annotations

from typing import Any

KNOBS: dict[str, Any] = {
    "crossbeam.envelope": "data",  # or "items": rows under the name that the prose gives
    "crossbeam.users_me": "organizations",  # or "authorizations": the shape of users/me in the prose
    "crossbeam.token_seconds": 86_400,  # life of an access token
    "crossbeam.rotate_refresh": False,  # True: a refresh answers with a new refresh token, the old one is void
    "crossbeam.repeat_last_row": False,  # True: the last row of a page comes again on the next one
    "crossbeam.record_exports": 0,  # unique records a term that may be read, 0 = any number; at the limit: 403
    "crossbeam.missing_organization_status": 403,  # status without the organisation header (unconfirmed)
    "crossbeam.above_limit_status": 0,  # status for limit above 1000, 0 = it is cut to 1000 (unconfirmed)
}
