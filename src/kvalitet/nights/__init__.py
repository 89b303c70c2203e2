"""A night from its first extraction to its last page: the steps, as Airflow's tasks and as one command."""
