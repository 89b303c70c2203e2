"""Records a person's statement that the erasures which a restore undid were carried out again."""

import psycopg

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.settings.address import ACTING_PATH
from kvalitet.warehouse import server
from kvalitet.warehouse.kept_text import without_number


def confirm(settings: Settings, by: str, reason: str) -> int:
    """Record who says so and why. Returns how many restores were waiting. Needs the admin's credential.

    Raises KvalitetError without a name or a reason, or where one holds a personal number.
    """
    if not by.strip() or not reason.strip():
        raise KvalitetError("A confirmation needs who and why.", "Give --by and --reason.")
    by, reason = without_number(by, "--by"), without_number(reason, "--reason")
    with psycopg.connect(server.admin_url(settings, settings.database), options=ACTING_PATH) as connection:
        return connection.execute(
            "update audit.restore set confirmed_at = clock_timestamp(), confirmed_by = %s, confirmed_reason = %s"
            " where confirmed_at is null",
            [by, reason],
        ).rowcount
