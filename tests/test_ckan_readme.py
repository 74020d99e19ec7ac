"""README, “Publish to your CKAN”: followed word by word, on a real CKAN."""

import os
import re
import subprocess
import sys
from pathlib import Path

import ckans
import pytest

ROOT = Path(__file__).parent.parent
BASH = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_both_languages_hold_the_same_ten_lines():
    (lines,) = BASH.findall((ROOT / "README.md").read_text("utf-8"))
    assert [lines] == BASH.findall((ROOT / "README.vi.md").read_text("utf-8"))
    assert lines.count("\n") <= 10


@pytest.mark.ckan
def test_publish_to_your_ckan_word_by_word(tmp_path: Path):
    (lines,) = BASH.findall((ROOT / "README.md").read_text("utf-8"))
    program = tmp_path / "bin" / "opendata"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harvester "$@"\n')
    program.chmod(0o755)
    who = ckans.editor(ckans.organisation("Sở Công Thương"))
    key = tmp_path / "ckan.key"
    key.write_text(who.token + "\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("OPENDATA_", "CKAN_"))}
    environ |= {
        "CKAN_URL": ckans.URL,
        "CKAN_API_KEY_FILE": str(key),
        "PATH": f"{program.parent}{os.pathsep}{environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    script = "set -eux\n" + lines
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"{ckans.URL}/dataset/so-cong-thuong-cho-tren-dia-ban-" in done.stdout.replace("\n", "")
