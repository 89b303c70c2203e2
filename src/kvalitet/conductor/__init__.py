"""Conducts one night through Airflow: begins it or goes on with it, watches, tells what happens."""

from kvalitet.conductor.running import run_through_airflow

__all__ = ["run_through_airflow"]
