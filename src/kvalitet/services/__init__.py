"""The processes of one installation: its Postgres and the components of its Airflow."""

from kvalitet.services.airflow import AirflowAddress, airflow_address, airflow_env, is_elsewhere
from kvalitet.services.lifecycle import ServiceStatus, down, migrate, remove, status, up

__all__ = [
    "AirflowAddress",
    "ServiceStatus",
    "airflow_address",
    "airflow_env",
    "down",
    "is_elsewhere",
    "migrate",
    "remove",
    "status",
    "up",
]
