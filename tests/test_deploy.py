"""What an administrator pastes: each file is what its reader takes, names commands that exist, and stops in time.

systemd, cron, logrotate, PostgreSQL and a container engine are asked where they are; what they would be asked is
otherwise read here. `.ci/run` installs the first three, and lets a real cron fire a run (`-m cron`).
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from workspaces import Clock, hand_over, make_workspace, opened

from harvester import cli
from harvester.cron import cron_mistake
from harvester.model import ZONE

DEPLOY = Path(__file__).parent.parent / "deploy"
COMMANDS = cli.parser().commands
PROGRAM = re.compile(r"(?:/opt/opendata/bin/)?opendata (\w+)((?: +(?!>|2>|&&|;)[^ ;\"]+)*)")


def calls(text: str) -> list[tuple[str, list[str]]]:
    """The calls of our program in a file: command and words."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = (PROGRAM.search(line.partition("  opendata  ")[2] or line) for line in lines)
    return [(match[1], match[2].split()) for match in found if match and match[1] in COMMANDS]


@pytest.mark.parametrize("name", ["opendata.service", "opendata-due.service", "crontab", "Containerfile"])
def test_every_call_names_a_command_and_options_that_exist(name: str):
    found = calls((DEPLOY / name).read_text("utf-8"))
    assert found
    for command, words in found:
        options = {option for param in COMMANDS[command].params for option in param.opts}
        assert {word for word in words if word.startswith("-")} <= options


def unit(name: str) -> ConfigParser:
    read = ConfigParser(strict=False, interpolation=None)
    read.optionxform = str
    read.read_string((DEPLOY / name).read_text("utf-8"))
    return read


def test_the_units_are_what_systemd_takes(tmp_path: Path):
    service = unit("opendata.service")["Service"]
    assert int(service["TimeoutStopSec"]) > 10, "a clean stop takes up to ten seconds"
    assert (service["Type"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("notify", "yes", "strict")
    assert unit("opendata-due.service")["Service"]["SuccessExitStatus"] == "1 4 6"
    if shutil.which("systemd-analyze"):
        program = tmp_path / "opendata"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        for path in DEPLOY.glob("opendata*"):
            text = path.read_text("utf-8").replace("/opt/opendata/bin/opendata", str(program))
            (tmp_path / path.name).write_text(text.replace("User=opendata", "User=root").replace("Group=opendata", ""))
        units = [str(tmp_path / path.name) for path in DEPLOY.glob("opendata*")]
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=60
        )
        ours = [line for line in done.stderr.splitlines() if "opendata" in line and "Failed to" not in line]
        assert (ours, done.returncode) == ([], 0)


def test_the_crontab_is_what_cron_takes():
    lines = [line for line in (DEPLOY / "crontab").read_text("utf-8").splitlines() if line and line[0] not in "#"]
    jobs = [line.split(maxsplit=7) for line in lines if "=" not in line.split()[0]]
    assert len(jobs) == 4
    for *fields, user, program, _ in jobs:
        assert cron_mistake(" ".join(fields)) is None
        assert (user, program) == ("opendata", "opendata")
    assert not re.search(r"(?<!\\)%", "\n".join(lines)), "an unescaped % ends the command"


def test_logrotate_takes_its_file(tmp_path: Path):
    text = (DEPLOY / "logrotate").read_text("utf-8")
    assert text.count("{") == text.count("}") == 1
    if shutil.which("logrotate"):
        (tmp_path / "run.log").write_text("x\n")
        here = text.replace("/var/log/opendata", str(tmp_path)).replace("opendata opendata", "root root")
        (tmp_path / "conf").write_text(here)
        command = ["logrotate", "-v", "-f", "-s", str(tmp_path / "state"), str(tmp_path / "conf")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "run.log.1").exists()


def test_the_compose_file_holds_together_and_no_secret():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    app, database = compose["services"]["opendata"], compose["services"]["postgres"]
    assert (DEPLOY / app["build"]["context"] / app["build"]["dockerfile"]).is_file()
    assert app["ports"] == ["127.0.0.1:8787:8787"], "not open to the world"
    assert "${POSTGRES_PASSWORD:?" in app["environment"]["OPENDATA_DATABASE"]
    assert "${POSTGRES_PASSWORD:?" in database["environment"]["POSTGRES_PASSWORD"]
    assert {volume.split(":")[0] for service in (app, database) for volume in service["volumes"]} == set(
        compose["volumes"]
    )


def test_the_container_stops_as_the_service_does():
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    assert "STOPSIGNAL SIGTERM" in text and "exec opendata serve" in text and "USER opendata" in text
    command = re.search(r"^CMD \[\"sh\", \"-c\", (\".*\")\]$", text, re.MULTILINE)
    assert command
    assert shlex.split(command[1])


@pytest.mark.cron
def test_a_real_cron_fires_a_run(tmp_path: Path):
    """Debian's cron, its own crontab line but for the paths: within 130 seconds something is published."""
    folder = make_workspace(tmp_path / "w")
    source = folder / "config" / "sources" / "so-y-te.toml"
    source.write_text(source.read_text("utf-8") + 'schedule = "* * * * *"\n', "utf-8")
    hand_over(folder, "a")
    program = tmp_path / "bin" / "opendata"
    program.parent.mkdir()
    paths = os.pathsep.join(path for path in sys.path if path)
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{paths}" exec "{sys.executable}" -m harvester "$@"\n')
    program.chmod(0o755)
    text = (DEPLOY / "crontab").read_text("utf-8").replace("/opt/opendata/bin", str(program.parent))
    text = text.replace("/var/lib/opendata/nghe-an", str(folder)).replace("/var/log/opendata", str(tmp_path))
    table = Path("/etc/cron.d/opendata-test")
    table.write_text(re.sub(r" +opendata  opendata", "  root  opendata", text))
    daemon = subprocess.Popen(["cron", "-f"])
    try:
        ends = time.monotonic() + 130
        while not list((folder / "portal").glob("dataset/*")) and time.monotonic() < ends:
            time.sleep(0.4)
    finally:
        table.unlink()
        daemon.terminate()
        daemon.wait()
    assert list((folder / "portal").glob("dataset/*")), (tmp_path / "run.log").read_text()
    with opened(folder, Clock()) as workspace:
        assert workspace.store.runs()[-1].started.astimezone(ZONE)
