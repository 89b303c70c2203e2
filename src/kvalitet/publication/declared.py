"""What the models' own YAML says of their keys, for use before dbt has run."""

from pathlib import Path

import yaml

from kvalitet.errors import KvalitetError
from kvalitet.publication.catalogue import PUBLISHED_LAYERS, TablePlan, plan_of


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C one is ten times as fast
    """Loads YAML safely, and fast where libyaml is installed."""


def declared_plans(*models: Path) -> dict[str, TablePlan]:
    """The plans of the star and report models by name, from their YAML as it is written. dbt need not have run.

    `models` are folders with dbt's layers in them. Descriptions are not rendered. Raises KvalitetError with the file
    that cannot be read.
    """
    plans: dict[str, TablePlan] = {}
    for folder in (place / layer for place in models for layer in PUBLISHED_LAYERS):
        for file in sorted(folder.glob("*.yml")):
            try:
                found = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)["models"]  # noqa: S506 (a safe one)
                for model in found:
                    columns = {column["name"]: column for column in model["columns"]}
                    plan = plan_of({"config": {}, "description": "", **model, "columns": columns}, [])
                    plans[plan.name] = plan
            except (yaml.YAMLError, KeyError, TypeError, AttributeError):
                raise KvalitetError(f"{file.name} cannot be read as the YAML of a model.", "Mend the file.") from None
    return plans
