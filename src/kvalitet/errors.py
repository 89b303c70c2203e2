"""Errors that a person can act on: what happened, where, and what to do."""


class KvalitetError(Exception):
    """An expected failure.

    `what` says what happened and where, `remedy` what to do about it. Neither may hold a value
    from a delivery: both end in logs, in Airflow and on the validation page.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what} {remedy}".strip())
