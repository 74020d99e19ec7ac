"""Every command of the README works as it stands, in the order in which it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SH = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name: str) -> list[str]:
    """The fenced sh blocks of a README."""
    return SH.findall((ROOT / name).read_text("utf-8"))


def test_it_opens_with_two_commands_of_one_line():
    install, pass_the_tests = blocks("README.md")[:2]
    assert install.count("\n") == pass_the_tests.count("\n") == 1
    assert install.endswith("opendata demo\n")
    assert "pytest" in pass_the_tests


def test_both_languages_hold_the_same_commands():
    assert blocks("README.md") == blocks("README.vi.md")


def test_every_other_command_works(tmp_path: Path):
    """One shell, one new folder: what the two install lines set up is the program that runs these tests."""
    program = tmp_path / "bin" / "opendata"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harvester "$@"\n')
    program.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("OPENDATA_", "CKAN_"))}
    environ |= {
        "PATH": f"{program.parent}{os.pathsep}{environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "LC_ALL": "C",
    }
    here = tmp_path / "here"
    here.mkdir()
    script = "set -eux\n" + "".join(blocks("README.md")[2:])
    done = subprocess.run(["sh", "-c", script], cwd=here, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (here / "nghe-an" / "portal" / "index.html").is_file()
