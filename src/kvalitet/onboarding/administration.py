"""Begins an administration's own folder from the example's, without anything that is made up."""

import csv
import shutil
from pathlib import Path

from kvalitet.contracts.staging import write_dbt_files
from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings
from kvalitet.settings.administration import EXAMPLE, OWN, Administration

STATED = """\
# What stands in no contract and no register. docs/adopting.md says what each line means.
title: "Kvalitet · {name}"
policy:
  own_authority: "{name}"
  own_administration: "{short_name}"
"""
WAIVERS = """\
# Who lets which failed check pass, why and until when. Shown with every publication that it let through.
waivers: []
"""
#: What the example's register says of itself alone.
OF_THE_EXAMPLE = ("seed_delivery.csv", "seed_reconciliation_explanation.csv")


def begin_administration(settings: Settings, name: str, short_name: str) -> list[Path]:
    """Write the folder `administration` of the checkout: policy, no waivers, no contract, indicators and register.

    Indicators and register begin as the example's, because laws, themes and definitions are common to many, without the
    fictional authorities and the explanations. Returns the files that people are to go through. Raises KvalitetError
    where there is such a folder, or a name is empty or unusable in YAML.
    """
    own, example = Administration(settings.root / OWN), Administration(settings.root / EXAMPLE)
    if own.folder.exists():
        raise KvalitetError(f"There is already a folder {own.folder}.", "Change it, or move it away to begin anew.")
    if not name.strip() or set(name + short_name) & set('"\\\n'):
        raise KvalitetError("The administration's name is empty, or has a quote or backslash.", "Write its plain name.")
    for folder in (own.contracts, own.register):
        folder.mkdir(parents=True)
    # The rules are written from the declarations, so that the copies fit each other.
    shutil.copytree(example.indicators, own.indicators)
    shutil.copytree(example.macros, own.macros)
    shutil.copytree(example.models / "reports", own.models / "reports")
    own.file.write_text(STATED.format(name=name, short_name=short_name), encoding="utf-8")
    own.waivers.write_text(WAIVERS, encoding="utf-8")
    for seed in sorted(example.register.glob("*.csv")):
        text = seed.read_text(encoding="utf-8")
        (own.register / seed.name).write_text(_header(text) if seed.name in OF_THE_EXAMPLE else text, encoding="utf-8")
    with (own.register / "seed_authority.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("authority", "is_fictional"), (name, "false")])
    write_dbt_files(Settings(settings.root, settings.var, "", "", "", administration_place=OWN))
    return [own.file, own.waivers, *sorted(own.indicators.glob("*.yaml")), *sorted(own.register.glob("*.csv"))]


def _header(text: str) -> str:
    return text.partition("\n")[0] + "\n"
