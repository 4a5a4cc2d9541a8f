"""Which account a call belongs to: the access key `SANDBOX<12 digits>` names it."""

import re

_KEY = re.compile(r"Credential=SANDBOX(\d{12})/")


def account_of(authorization: str | None) -> str | None:
    """The account id in the access key of a signed request, or None for moto's default."""
    found = _KEY.search(authorization or "")
    return found.group(1) if found else None
