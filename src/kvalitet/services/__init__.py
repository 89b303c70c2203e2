"""The processes of one installation: its Postgres and the components of its Airflow."""

from kvalitet.services.airflow import AirflowAddress, airflow_address, airflow_env, is_elsewhere
from kvalitet.services.health import Problem, find_problems
from kvalitet.services.lifecycle import ServiceStatus, down, is_at_work, migrate, remove, status, up
from kvalitet.services.processes import was_started

__all__ = [
    "AirflowAddress",
    "Problem",
    "ServiceStatus",
    "airflow_address",
    "airflow_env",
    "down",
    "find_problems",
    "is_at_work",
    "is_elsewhere",
    "migrate",
    "remove",
    "status",
    "up",
    "was_started",
]
