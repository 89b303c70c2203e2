"""The version of the running code is stated, noted in an image, or read from a real git, which may be missing."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from kvalitet.build.code_version import code_version
from kvalitet.errors import KvalitetError, NotInstalled
from kvalitet.settings import Settings


@pytest.fixture
def checkout(tmp_path: Path) -> Settings:
    root = tmp_path / "checkout"
    (root / "dbt_project").mkdir(parents=True)
    return Settings(root=root, var=tmp_path, inbox="", server="127.0.0.1:1", database="kvalitet")


def git(settings: Settings, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.dk", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(settings.root), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def commit(settings: Settings) -> str:
    (settings.root / "file").write_text("one")
    git(settings, "init", "--quiet")
    git(settings, "add", "--all")
    git(settings, "commit", "--quiet", "--message=First")
    return git(settings, "rev-parse", "HEAD")


@pytest.fixture
def no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_uncommitted_changes_are_said(checkout: Settings):
    head = commit(checkout)
    assert code_version(checkout) == head
    (checkout.root / "file").write_text("two")
    assert code_version(checkout) == f"{head}+changes"


def test_stated_version_before_noted_before_git(checkout: Settings, monkeypatch: pytest.MonkeyPatch):
    commit(checkout)
    (checkout.root / "code-version").write_text("noted\n")
    assert code_version(checkout) == "noted"
    monkeypatch.setenv("KVALITET_CODE_VERSION", "stated")
    assert code_version(checkout) == "stated"


def test_outside_repository_release_is_said(checkout: Settings):
    assert code_version(checkout) == "release 0.1.0"


@pytest.mark.usefixtures("no_git")
def test_without_git_noted_version_or_release(checkout: Settings):
    assert code_version(checkout) == "release 0.1.0"
    (checkout.root / "code-version").write_text("noted")
    assert code_version(checkout) == "noted"


def test_missing_git_says_what_to_install(checkout: Settings, tmp_path: Path, monkeypatch):
    commit(checkout)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotInstalled, match=r"program git is not installed here.*KVALITET_CODE_VERSION"):
        code_version(checkout)


def test_repository_refused_by_git_is_an_error(checkout: Settings):
    commit(checkout)
    (checkout.root / ".git" / "HEAD").write_text("ref: refs/heads/nowhere\n")
    with pytest.raises(KvalitetError, match="Git does not say which commit"):
        code_version(replace(checkout))
