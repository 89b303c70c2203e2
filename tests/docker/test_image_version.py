"""The version that an image states, for real repositories in the states in which they occur."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

DOCKER = Path(__file__).parents[2] / "docker"
STATED = "0123456789abcdef0123456789abcdef01234567"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.dk", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small repository with the files of the image, and with files that are not sent to its build."""
    folder = tmp_path / "repository"
    for name, text in {
        "src/kvalitet/__init__.py": "",
        "src/kvalitet/nights/night.py": "print('night')\n",
        "dags/indicators.py": "dag = 1\n",
        "README.md": "Kvalitet\n",
        "docs/runbook.md": "not sent\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "docker").mkdir()
    for name in ("Dockerfile", "Dockerfile.dockerignore"):
        shutil.copy(DOCKER / name, folder / "docker")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=First")
    return folder


def build(repository: Path, *stated: str) -> subprocess.CompletedProcess[str]:
    """Copy the context that the ignore file lets through to a folder, and ask for the version there."""
    context = repository.parent / "context"
    shutil.rmtree(context, ignore_errors=True)
    ignore = (DOCKER / "Dockerfile.dockerignore").read_text()
    for place in re.findall(r"^!(.+)$", ignore, re.MULTILINE):
        source, target = repository / place, context / place
        if (repository / ".git").is_dir() or not place.startswith(".git/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.is_file():
                shutil.copy(source, target)
    command = [sys.executable, DOCKER / "code_version.py", context, *stated]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def said(repository: Path, *stated: str) -> str:
    done = build(repository, *stated)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_clean_checkout_is_its_commit(repository: Path):
    assert said(repository) == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("shape", ["packed", "detached", "shallow clone", "tag of the past"])
def test_other_repository_shapes_are_read(repository: Path, shape: str):
    first = git(repository, "rev-parse", "HEAD")
    (repository / "README.md").write_text("Kvalitet, again\n")
    git(repository, "commit", "--quiet", "--all", "--message=Second")
    if shape == "packed":
        git(repository, "gc", "--quiet")
        git(repository, "pack-refs", "--all")
        assert not (repository / ".git/refs/heads/main").exists()
    elif shape == "detached":
        git(repository, "checkout", "--quiet", "--detach", first)
    elif shape == "tag of the past":
        git(repository, "tag", "v1", first)
        git(repository, "checkout", "--quiet", "v1")
    else:
        clone = repository.parent / "clone"
        git(repository, "clone", "--quiet", "--depth=1", repository.as_uri(), str(clone))
        repository = clone
    assert said(repository) == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("change", ["edited", "staged", "added", "deleted"])
def test_differing_file_is_told_as_changes(repository: Path, change: str):
    head = git(repository, "rev-parse", "HEAD")
    file = repository / "src/kvalitet/nights/night.py"
    if change == "added":
        (repository / "src/kvalitet/new.py").write_text("new = 1\n")
    elif change == "deleted":
        file.unlink()
    else:
        file.write_text("print('day')\n")
        if change == "staged":
            git(repository, "add", "--all")
    assert said(repository) == f"{head}+changes"


def test_file_outside_image_is_no_change(repository: Path):
    (repository / "docs/runbook.md").write_text("edited\n")
    assert said(repository) == git(repository, "rev-parse", "HEAD")


def test_stated_version_is_taken_as_it_is(repository: Path):
    shutil.rmtree(repository / ".git")
    assert said(repository, STATED) == STATED


@pytest.mark.parametrize("shape", ["archive", "worktree", "no commit", "borrowed objects"])
def test_unreadable_repository_asks_for_version(repository: Path, shape: str):
    if shape == "archive":
        shutil.rmtree(repository / ".git")
    elif shape == "worktree":
        worktree = repository.parent / "worktree"
        git(repository, "worktree", "add", "--quiet", str(worktree))
        repository = worktree
    elif shape == "no commit":
        shutil.rmtree(repository / ".git")
        git(repository, "init", "--quiet")
    else:
        clone = repository.parent / "clone"
        git(repository, "clone", "--quiet", "--shared", str(repository), str(clone))
        shutil.rmtree(repository)
        repository = clone
    done = build(repository, "")
    assert done.returncode == 1
    assert "KVALITET_CODE_VERSION=$(git rev-parse HEAD) docker compose build" in done.stderr
    assert "Traceback" not in done.stderr


def test_build_uses_the_tested_git_reader():
    lock = tomllib.loads((DOCKER.parent / "uv.lock").read_text())
    locked = next(package["version"] for package in lock["package"] if package["name"] == "dulwich")
    assert f"dulwich=={locked}" in (DOCKER / "Dockerfile").read_text()
