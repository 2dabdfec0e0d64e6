"""A base image that stands in for Amazon Linux, made from files of this machine.

The SAM CLI pulls public.ecr.aws/lambda/provided:al2023, adds the runtime interface emulator and mounts the built
function. Where nothing can be pulled, this image has what that takes: a C library for the function, and a shell with
two programs for the SAM CLI's `RUN`. It says nothing about Amazon Linux: tests/rie checks that the programs need no
newer C library than it has.
"""

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

PROGRAMS = ["sh", "mv", "chmod"]
FOLDERS = ["tmp", "var/task", "var/runtime", "var/rapid", "opt"]
TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def build(name, bootstraps):
    """Imports the image under this name, for functions with these bootstraps."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(entry)
        for path, text in TEXTS.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
        for path, source in sorted(contents(bootstraps).items()):
            tar.add(source, path.lstrip("/"))
    command = ["docker", "import", "--change", "WORKDIR /var/task", "-", name]
    subprocess.run(command, input=archive.getvalue(), check=True, capture_output=True)


def contents(bootstraps):
    """The files of the image, by their path in it: programs, and the libraries of programs and functions."""
    programs = {f"/bin/{name}": Path(shutil.which(name)).resolve() for name in PROGRAMS}
    files = dict(programs)
    for program in [*programs.values(), *bootstraps]:
        for library in libraries(program):
            files[library] = Path(library).resolve()
    if CERTIFICATES.exists():
        files[str(CERTIFICATES)] = CERTIFICATES.resolve()
    return files


def libraries(program):
    """The paths of the libraries that a program is started with, its loader included."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(?:=> |^\s*)(/\S+) \(", listed, re.MULTILINE)
