"""An administration has a folder of its own, in which nothing is made up."""

import csv
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kvalitet.cli.app import app
from kvalitet.errors import KvalitetError
from kvalitet.onboarding.administration import begin_administration
from kvalitet.settings import Settings
from kvalitet.settings.administration import EXAMPLE, OWN, administration_place

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A checkout as it is cloned, with the example's administration only."""
    monkeypatch.delenv("KVALITET_ADMINISTRATION")
    shutil.copytree(ROOT / EXAMPLE, tmp_path / EXAMPLE)
    (tmp_path / "dbt_project").mkdir()
    return Settings.from_environment(tmp_path)


def test_new_administration_names_no_example(checkout: Settings) -> None:
    assert checkout.administration_place == EXAMPLE
    files = begin_administration(checkout, "Køge Kommune", "KAF")
    here = Settings.from_environment(checkout.root)
    assert here.administration_place == OWN
    assert here.administration.stated.policy == {"own_authority": "Køge Kommune", "own_administration": "KAF"}
    assert here.administration.stated.sample is None
    assert list(here.contracts_dir.iterdir()) == []
    with (here.administration.register / "seed_authority.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [{"authority": "Køge Kommune", "is_fictional": "false"}]
    names_of_the_example = ("Eksempelby", "Hele landet")
    assert [file.name for file in files if any(name in file.read_text("utf-8") for name in names_of_the_example)] == []


def test_command_of_guide_begins_folder(checkout: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_ROOT", str(checkout.root))
    done = CliRunner().invoke(app, ["administration", "new", "Køge Kommune", "--short-name", "KAF"])
    assert done.exit_code == 0, done.output
    assert "administration.yaml" in done.output and "there is no contract" in done.output
    assert Settings.from_environment().administration.stated.policy["own_authority"] == "Køge Kommune"


def test_new_folder_has_all_that_dbt_needs(checkout: Settings) -> None:
    """Every seed and macro that the models name, and the rules as they are written from the declarations."""
    begin_administration(checkout, "Køge Kommune", "KAF")
    own, example = Settings.from_environment(checkout.root).administration, checkout.administration
    assert {file.name for file in own.register.iterdir()} == {file.name for file in example.register.iterdir()}
    assert {file.name for file in own.macros.iterdir()} == {file.name for file in example.macros.iterdir()}
    assert (own.macros / "contract_columns.sql").read_text().count("'") == 0


def test_existing_folder_is_left_alone(checkout: Settings) -> None:
    begin_administration(checkout, "Køge Kommune", "KAF")
    with pytest.raises(KvalitetError, match="There is already a folder"):
        begin_administration(checkout, "Greve Kommune", "GAF")
    assert "Køge" in (checkout.root / OWN / "administration.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", " ", 'Køge "Kommune"', "Køge\nKommune", "Køge\\Kommune"])
def test_unusable_name_is_refused(checkout: Settings, name: str) -> None:
    with pytest.raises(KvalitetError, match="name"):
        begin_administration(checkout, name, "KAF")
    assert not (checkout.root / OWN).exists()


def test_folder_can_be_named_within_checkout(
    checkout: Settings, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout.root / "koege").mkdir()
    monkeypatch.setenv("KVALITET_ADMINISTRATION", "koege")
    assert administration_place(checkout.root) == Path("koege")
    for elsewhere in (str(tmp_path_factory.mktemp("elsewhere")), "..", "not_there"):
        monkeypatch.setenv("KVALITET_ADMINISTRATION", elsewhere)
        with pytest.raises(KvalitetError, match="no folder in the checkout"):
            administration_place(checkout.root)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("policy: [", "line 1: not readable as YAML"),
        ("polici: {}", "polici: Extra inputs are not permitted"),
        ("policy: {own_authority: [a]}", "policy.own_authority"),
        ("sample: 7", "sample: Input should be a valid string"),
    ],
)
def test_unusable_file_is_named(checkout: Settings, text: str, told: str) -> None:
    checkout.administration.file.write_text(text, encoding="utf-8")
    with pytest.raises(KvalitetError, match=told) as refused:
        _ = checkout.administration.stated
    assert str(checkout.administration.file) in refused.value.what
