"""Measurements of the intake, the night and Airflow's share, each compared with a floor measured in the same run."""
