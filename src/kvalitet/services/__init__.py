"""The processes of one installation: its Postgres and the components of its Airflow."""

from kvalitet.services.airflow import AirflowApi, airflow_api, airflow_env
from kvalitet.services.lifecycle import ServiceStatus, down, remove, status, up

__all__ = ["AirflowApi", "ServiceStatus", "airflow_api", "airflow_env", "down", "remove", "status", "up"]
