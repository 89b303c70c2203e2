"""Every command that a document shows is run somewhere, and every setting that it names exists."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from commands import Command, commands_in, run_by_the_drill, settings_in

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
]
OWN_SERVER = "tests/end_to_end/test_own_postgres.py::test_two_nights_on_own_postgres"
DOCUMENTED = "tests/docs/test_documented_commands.py"
ELSEWHERE = "tests/evidence/test_verify.py::test_a_signer_elsewhere_signs"

#: The test or workflow job that runs a command which the drill does not run word for word. A test may only change
#: addresses and file names in it.
RUN_BY = {
    "make run": "ci: readme",
    **dict.fromkeys(
        [
            'tail -n +3 x.tsv | while IFS= read -r row; do printf %s "$row" | sha256sum | cut -c1-64; done'
            " | sort > sums",
            "(head -n 2 x.tsv; cat sums) | sha256sum",
        ],
        "tests/evidence/test_canonical_form.py::test_two_lines_of_shell_give_the_digest",
    ),
    "kvalitet administration new 'Køge Kommune' --short-name KAF": (
        "tests/onboarding/test_administration.py::test_command_of_guide_begins_folder"
    ),
    "make drill": "ci: drill",
    'KVALITET_EXTRAS="s3 sftp" docker compose build': "ci: drill",
    "make explore": "explore: explore",
    "make lint": "ci: lint",
    "make test": "ci: test",
    ".venv/bin/pre-commit install": "ci: lint",
    "git clone … && cd kvalitet": "tests/docker/test_drill.py::test_copy_is_of_checkout_as_it_stands",
    **dict.fromkeys(
        [
            "export KVALITET_DATABASE_URL='postgresql://db.example.dk:5432/kvalitet?sslmode=verify-full"
            "&sslrootcert=/etc/kvalitet/ca.crt'",
            "kvalitet admin-sql > kvalitet-admin.sql",
            "psql --no-psqlrc 'host=db.example.dk user=postgres dbname=postgres sslmode=verify-full sslrootcert=…'"
            " -f kvalitet-admin.sql",
            "export KVALITET_ADMIN_URL='postgresql://kvalitet_migrator:PASSWORD@db.example.dk:5432/kvalitet'",
            "export KVALITET_ADMIN_URL=postgresql://kvalitet_migrator:…@db.example.dk:5432/kvalitet",
            "kvalitet migrate",
        ],
        OWN_SERVER,
    ),
    "sha256sum klager_2025-01-02.csv": f"{DOCUMENTED}::test_delivered_file_has_recorded_digest",
    "age --decrypt --identity landing.key var/landing/<path> | zstd --decompress | sha256sum": (
        f"{DOCUMENTED}::test_kept_file_opens_with_common_tools"
    ),
    "kvalitet verify --public-key key-i-was-given.pem --anchors anchors-i-kept.txt": (
        f"{DOCUMENTED}::test_auditor_verifies_with_own_key"
    ),
    **dict.fromkeys(
        [
            "kvalitet evidence --publication 1 --out evidence-1.zip",
            "unzip -q evidence-1.zip -d evidence-1 && cd evidence-1",
            "python verify.py --public-key key-i-was-given.pem",
        ],
        f"{DOCUMENTED}::test_auditor_verifies_exported_evidence",
    ),
    "kvalitet source new nyc311 service_requests_2023-03-01.csv --owner Pilot --contact pilot@example.invalid": (
        "tests/onboarding/test_source_new.py::test_command_names_files_and_next_steps"
    ),
    "pip install cryptography": "tests/evidence/test_bundle.py::test_script_needs_only_cryptography",
    # The test calls the function behind the command for some trials, because all of them take half an hour.
    **dict.fromkeys(
        ["make mutate", ".venv/bin/kvalitet mutate --mutation complaints_lost"],
        "tests/mutation/test_trials.py::test_gate_judges_spoilt_candidates",
    ),
    **dict.fromkeys(
        [
            ".venv/bin/kvalitet incidents example/administration/mutations/incidents.yaml",
            ".venv/bin/kvalitet incidents example/administration/mutations/incidents_apart.yaml",
        ],
        "tests/mutation/test_trials.py::test_incident_is_judged_by_whole_gate",
    ),
    ".venv/bin/kvalitet mutate --only nights": "tests/end_to_end/test_nights.py::test_past_figures_stay_as_published",
    **dict.fromkeys(
        [
            "kvalitet backup --to /mnt/backup/kvalitet --keys-to /mnt/safe/kvalitet-keys",
            "kvalitet restore /mnt/backup/kvalitet/kvalitet-20260103T040000Z --keys /mnt/safe/kvalitet-keys",
        ],
        "tests/backup/test_nights_restored.py::test_backup_mid_night_goes_on_elsewhere",
    ),
    **dict.fromkeys(
        [
            "kvalitet person erase --reason 'again: erasure 7 of 3 March, case 2026-114'",
            "kvalitet person confirm-erasures --by 'A. Hansen' --reason 'erasure 7 carried out again as 9'",
        ],
        "tests/backup/test_erasures.py::test_later_erasure_stops_all_until_confirmed",
    ),
    "export KVALITET_SIGNER='command:ssh signer@vault.example.dk sign-kvalitet'": ELSEWHERE,
    "export KVALITET_SIGNER_PUBLIC_KEY=/etc/kvalitet/certificate.pub": ELSEWHERE,
    "export KVALITET_ANCHOR='command:ssh log@vault.example.dk keep-anchor'": ELSEWHERE,
}


def shown() -> list[Command]:
    return [
        command
        for document in DOCUMENTS
        for command in commands_in(document.relative_to(ROOT).as_posix(), document.read_text(encoding="utf-8"))
    ]


def without_proof(commands: list[Command], proven: set[str]) -> list[str]:
    return [f"{command.document}: {command.text}" for command in commands if command.text not in proven]


def test_every_shell_command_is_run() -> None:
    missing = without_proof(shown(), RUN_BY.keys() | run_by_the_drill(ROOT / "docker" / "drill"))
    assert not missing, "Run it in a step of docker/drill or in a test, and say in RUN_BY where:\n" + "\n".join(missing)


def test_command_without_proof_is_named() -> None:
    text = "```sh\nmake run   # as always\nkvalitet frobnicate --all \\\n  --now\n```\n```sql\nselect 1\n```\n"
    commands = list(commands_in("README.md", text))
    assert without_proof(commands, set(RUN_BY)) == ["README.md: kvalitet frobnicate --all --now"]


def test_every_proof_is_of_a_shown_command() -> None:
    named = {" ".join(span.split()) for span in IN_A_SENTENCE.findall(_text("docker/README.md"))}
    assert not RUN_BY.keys() - {command.text for command in shown()} - named


@pytest.mark.parametrize("place", sorted(set(RUN_BY.values())))
def test_proof_exists(place: str) -> None:
    workflow, _, name = place.partition(": ")
    if name:
        job = yaml.safe_load(_text(f".github/workflows/{workflow}.yml"))["jobs"][name]
        run = "\n".join(step.get("run", "") for step in job["steps"]).replace(".ci/run", _text(".ci/run"))
        assert all(command in run for command, by in RUN_BY.items() if by == place), run
        return
    file, _, name = place.partition("::")
    tree = ast.parse(_text(file))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, place


def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def test_named_settings_are_read_by_the_code() -> None:
    read = "".join(path.read_text() for folder in ("src", "docker") for path in (ROOT / folder).rglob("*.py"))
    read += _text("docker/compose.yaml")
    named = {name for document in DOCUMENTS for name in settings_in(document.read_text(encoding="utf-8"))}
    assert not [name for name in named if name.startswith("KVALITET_") and name not in read]


PROGRAM = r"(?:docker (?:compose|inspect)|python3 \w+\.py|ls|\./make-secrets\.sh)"
IN_A_SENTENCE = re.compile(rf"(?<!`)`((?:[A-Z_]+=[^`]+ )?{PROGRAM}(?: [^`…]+)?)`(?!`)")


def test_docker_commands_are_run_by_the_drill() -> None:
    text = _text("docker/README.md")
    commands = [Command("docker/README.md", " ".join(span.split())) for span in IN_A_SENTENCE.findall(text)]
    assert len(commands) > 8
    missing = without_proof(commands, RUN_BY.keys() | run_by_the_drill(ROOT / "docker" / "drill"))
    assert not missing, "\n".join(missing)


def test_named_make_targets_exist() -> None:
    """Commands of `kvalitet` are checked against the command line in tests/cli/test_advice.py."""
    named = {
        (document.relative_to(ROOT).as_posix(), target)
        for document in DOCUMENTS
        for target in re.findall(r"(?<!`)`make (\w+)", document.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert not [(document, target) for document, target in named if f"\n{target}:" not in _text("Makefile")]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("a  b   # why\n# alone\n\nc", ["a b", "c"]),
        ("a 'b # no comment'", ["a 'b # no comment'"]),
        ('a "x \\" # y"  # z', ['a "x \\" # y"']),
        ("a \\\n  b", ["a b"]),
        ("a 'b &&\n  c' d", ["a 'b && c' d"]),
        ("a &&\n  b", ["a && b"]),
        ("NAME=value\nexport NAME=value", ["export NAME=value"]),
    ],
)
def test_commands_are_read_as_by_a_shell(block: str, expected: list[str]) -> None:
    assert [command.text for command in commands_in("x.md", f"```sh\n{block}\n```\n")] == expected


def test_only_typed_lines_are_commands() -> None:
    assert [command.text for command in commands_in("x.md", "```console\n$ a b\nits output\n```\n")] == ["a b"]


def test_drill_proves_only_verbatim_commands(tmp_path: Path) -> None:
    step = """
UP = "docker compose up"
def step(drill):
    drill.documented(UP)
    drill.documented("a  b", replace={"a": "c"})
    drill.compose("ps")
    say("docker c")
"""
    (tmp_path / "steps.py").write_text(step)
    assert run_by_the_drill(tmp_path) == {"docker compose up", "a b"}
