"""Code that meets a warehouse of newer code leaves it alone and says so."""

import psycopg
import pytest

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.warehouse.admin import migrate_schema


def test_warehouse_of_newer_code_is_refused(settings: Settings, admin_url: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute("update public.kvalitet_migration set version_num = '9999'")
    with pytest.raises(KvalitetError, match=r"migrated by newer code than this.*9999.*backup"):
        migrate_schema(settings, admin_url)
    with psycopg.connect(admin_url) as connection:
        assert connection.execute("select version_num from public.kvalitet_migration").fetchone() == ("9999",)
