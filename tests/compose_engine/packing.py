"""Images packed from this machine's own Debian packages, to stand where the compose file pins others' images.

Nothing is pulled, and a package and all it depends on is copied in seconds, where a fresh Debian took minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# What every image needs: a shell, the C library, certificates.
BASE = ("base-files", "bash", "coreutils", "dash", "sed", "grep", "libc-bin", "ca-certificates", "tzdata", "busybox")
_LEFT_OUT = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/lintian/", "/etc/systemd/")
# As the pinned images have them.
PASSWD = """root:x:0:0:root:/root:/bin/sh
nginx:x:101:101::/nonexistent:/usr/sbin/nologin
grafana:x:472:0::/usr/share/grafana:/usr/sbin/nologin
postgres:x:999:999::/var/lib/postgresql:/bin/bash
nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
"""
GROUP = "root:x:0:\nnginx:x:101:\npostgres:x:999:\nnogroup:x:65534:\n"
# Where this machine's own registries and certificates are set, for whatever pip and npm do in a build.
_BUILD_FILES = ("/etc/pip.conf", "/etc/npmrc", "/usr/etc/npmrc", "/root/.npmrc", "/root/.config/pip/pip.conf")
_BUILD_SETTINGS = ("PIP_", "SSL_CERT_", "NODE_EXTRA_CA_CERTS", "npm_config_", "NPM_CONFIG_", "REQUESTS_CA_BUNDLE")


def pack(packages: Sequence[str], root: Path) -> None:
    """Put the files of `packages`, and of all they depend on, below `root`."""
    root.mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for name in ("tmp", "run", "proc", "sys", "dev", "root", "var/lib", "var/tmp", "etc", "usr/local/bin", "var/log"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    listed = "\0".join(sorted(_files([*BASE, *packages])))
    copy = ["tar", "--create", "--directory=/", "--null", "--no-recursion", "--files-from=-"]
    reading = subprocess.Popen(copy, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    writing = subprocess.Popen(["tar", "--extract", f"--directory={root}"], stdin=reading.stdout)
    assert reading.stdin is not None
    reading.stdin.write(listed.encode())
    reading.stdin.close()
    assert (reading.wait(), writing.wait()) == (0, 0)
    (root / "etc/passwd").write_text(PASSWD, encoding="ascii")
    (root / "etc/group").write_text(GROUP, encoding="ascii")
    shutil.copytree("/etc/ssl/certs", root / "etc/ssl/certs", symlinks=False, dirs_exist_ok=True)
    for name in ("etc/ld.so.cache", "etc/ld.so.conf"):
        shutil.copy(f"/{name}", root / name)
    (root / "usr/bin/wget").symlink_to("busybox")


def add_npm(root: Path) -> None:
    """Copy npm as it is here: it may have been brought up to date beside its package."""
    real = Path(shutil.which("npm") or "/usr/bin/npm").resolve()
    package = real.parent.parent
    subprocess.run(["cp", "--archive", "--parents", str(package), str(root)], check=True)
    (root / "usr/bin/npm").unlink(missing_ok=True)
    (root / "usr/bin/npm").symlink_to(real)


def add_build_settings(root: Path) -> Mapping[str, str]:
    """Copy how this machine reaches its package registries below `root`; answers the environment that goes with it."""
    environ = {name: value for name, value in os.environ.items() if name.startswith(_BUILD_SETTINGS)}
    named = [value for value in environ.values() if value.startswith("/")]
    for path in map(Path, (*_BUILD_FILES, *named)):
        target = root / path.relative_to("/")
        if not path.exists() or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, symlinks=False)
        else:
            shutil.copy(path, target)
    return environ


def _files(packages: Sequence[str]) -> Iterator[str]:
    """Each file relative to `/`, with the folder it is really in: /bin is a link to /usr/bin."""
    seen = set()
    listed = subprocess.run(
        ["dpkg-query", "--listfiles", *_with_dependencies(packages)], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        path = Path(line)
        if not line.startswith("/") or line.startswith(_LEFT_OUT) or (path.is_dir() and not path.is_symlink()):
            continue
        real = path.parent.resolve() / path.name
        if real not in seen and os.path.lexists(real):
            seen.add(real)
            yield str(real.relative_to("/"))


def _with_dependencies(packages: Sequence[str]) -> list[str]:
    command = ["apt-cache", "depends", "--recurse", "--installed", "--no-recommends", "--no-suggests", "--no-conflicts"]
    command += ["--no-breaks", "--no-replaces", "--no-enhances", *packages]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = {line.strip() for line in told.splitlines() if line and not line.startswith((" ", "<"))}
    known = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${binary:Package}\n", *sorted(names)],
        capture_output=True,
        text=True,
        check=False,  # a virtual package is none, and is said on stderr
    ).stdout
    return [line.split(" ", 1)[1] for line in known.splitlines() if line.startswith("installed ")]
