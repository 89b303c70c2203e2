"""Measurements of the intake, the night and Airflow's share, each beside a floor measured in the same run."""
