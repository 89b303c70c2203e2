"""A night from its first extraction to its last page. Its steps run as Airflow's tasks and as one command."""
