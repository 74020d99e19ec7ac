"""Alarms are states: each stands while its cause does, is told once each way, and nothing secret is in what is told."""

import base64
import io
import json
import logging
import shutil
from collections import namedtuple
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mailserver import Server, taking_mail
from servers import CERTIFICATES, serving, status
from workspaces import NOON, Clock, hand_over, make_workspace, opened

import checks
from harvester import alarms, logs, notices
from harvester.alarming import alarming
from harvester.alarms import examine, note, note_digests, token_ends
from harvester.cli import main
from harvester.documents import toml
from harvester.errors import ConfigurationError
from harvester.notices import announced, deliver, signature
from harvester.run import run
from harvester.service import Service, run_due
from harvester.workspace import Workspace, open_workspace

SECRET = "smtp-password-1a2b3c"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mail() -> Iterator[Server]:
    with taking_mail() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_workspace(tmp_path / "w")
    register = made / "config" / "agencies.csv"
    header, *rows = register.read_text("utf-8").splitlines()
    register.write_text("\n".join([header, *(row for row in rows if row.startswith("NA-P-SYT,"))]) + "\n", "utf-8")
    path = made / "config" / "sources" / "so-y-te.toml"
    path.write_text(path.read_text("utf-8") + 'schedule = "0 2 * * *"\n', "utf-8")
    hand_over(made, "a")
    return made


def write_to(folder: Path, port: int, tls: str = "none", more: str = "") -> None:
    (folder / "config" / "alarms.toml").write_text(
        f'[mail]\nhost = "localhost"\nport = {port}\ntls = "{tls}"\nfrom = "dulieumo@nghean.gov.vn"\n'
        f'to = ["truc@nghean.gov.vn"]\nescalate_to = ["lanh-dao@nghean.gov.vn"]\n{more}'
    )


def lose_the_source(folder: Path) -> None:
    shutil.move(folder / "ban-giao" / "so-y-te", folder / "ban-giao" / "elsewhere")


def bring_it_back(folder: Path) -> None:
    shutil.move(folder / "ban-giao" / "elsewhere", folder / "ban-giao" / "so-y-te")


def look(workspace: Workspace, clock: Clock) -> set[str]:
    found = examine(workspace, clock())
    note(workspace, found, clock())
    deliver(workspace, clock)
    return {alarm.key for alarm in found}


def fail(workspace: Workspace, clock: Clock, times: int) -> None:
    for _ in range(times):
        run_due(workspace, clock, judge=checks.check)
        clock.pass_by(hours=23)


# ---------------------------------------------------------------- states


def test_nothing_is_wrong_with_a_workspace_that_runs(folder: Path, clock: Clock):
    with opened(folder, clock) as workspace:
        assert look(workspace, clock) == set(), "never run is no alarm: nothing is overdue yet"
        run_due(workspace, clock, judge=checks.check)
        assert look(workspace, clock) == set()


def test_a_source_that_nobody_runs_is_overdue(folder: Path, clock: Clock):
    with opened(folder, clock) as workspace:
        run_due(workspace, clock, judge=checks.check)
        clock.pass_by(hours=19)
        assert look(workspace, clock) == set()
        clock.pass_by(hours=2)
        assert look(workspace, clock) == {"run_overdue:so-y-te"}
        run_due(workspace, clock, judge=checks.check)
        assert look(workspace, clock) == set()


def test_a_source_that_fails_again_and_again_is_told_with_its_last_reason(folder: Path, clock: Clock):
    lose_the_source(folder)
    with opened(folder, clock) as workspace:
        fail(workspace, clock, 2)
        assert "source_failing:so-y-te" not in look(workspace, clock)
        fail(workspace, clock, 1)
        (alarm,) = [alarm for alarm in examine(workspace, clock()) if alarm.kind == "source_failing"]
        assert "3" in alarm.message.render("vi") and alarm.remedy.render("vi").startswith("Lần gần nhất:")
        bring_it_back(folder)
        run_due(workspace, clock, judge=checks.check)
        assert look(workspace, clock) == set()


def test_a_held_retirement_stands_until_the_source_is_whole_again(folder: Path, clock: Clock):
    with opened(folder, clock) as workspace:
        for number in range(8):
            hand_over(folder, f"d{number}", rows=f"ma,ten\n1,{number}\n")
        run(workspace, (), clock, judge=checks.check)
        for number in range(7):
            shutil.rmtree(folder / "ban-giao" / "so-y-te" / f"d{number}")
        for _ in range(2):
            clock.pass_by(days=1)
            run(workspace, (), clock, judge=checks.check)
        assert "retirement_held:so-y-te" in look(workspace, clock)
        for number in range(7):
            hand_over(folder, f"d{number}", rows=f"ma,ten\n1,{number}\n")
        run(workspace, (), clock, judge=checks.check)
        assert look(workspace, clock) == set()


def test_a_dataset_that_somebody_removed_from_the_portal_is_drift(folder: Path, clock: Clock):
    with opened(folder, clock) as workspace:
        run(workspace, (), clock, judge=checks.check)
        (pointer,) = (folder / "portal" / "dataset").iterdir()
        pointer.unlink()
        clock.pass_by(hours=24)
        assert look(workspace, clock) - {"run_overdue:so-y-te"} == set(), "not yet looked at"
        service = Service(workspace, clock, lambda: workspace.config)
        service.watch()
        assert "portal_drifted:" in {alarm.key for alarm in workspace.store.alarms().values()}


def test_a_full_disk_and_an_ending_key_are_told_beforehand(folder: Path, clock: Clock, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(alarms.shutil, "disk_usage", lambda path: usage(1, 1, 2**30 - 1))
    claims = base64.urlsafe_b64encode(json.dumps({"exp": NOON.timestamp() + 13 * 86400}).encode()).decode()
    key = f"eyJ.{claims.rstrip('=')}.signature"
    with open_workspace(folder, {"CKAN_API_KEY": key}, clock) as workspace:
        assert {alarm.kind for alarm in examine(workspace, clock())} == {"disk", "token"}
        assert key not in str(examine(workspace, clock()))


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a.eyJleHAiOjFlMzAwfQ.c", "a.W10.c"])
def test_a_key_that_does_not_say_when_it_ends_is_no_alarm(token: str):
    assert token_ends(token) is None


def test_an_agency_with_overdue_datasets_is_told(folder: Path, clock: Clock):
    hand_over(folder, "thang", rows="ma,ten\n1,x\n", frequency="hằng tháng", modified="2026-01-01")
    with opened(folder, clock) as workspace:
        run(workspace, (), clock, judge=checks.check)
        (alarm,) = examine(workspace, clock())
    assert (alarm.kind, alarm.subject) == ("agency_overdue", "NA-P-SYT")
    assert "Sở Y tế" in alarm.message.render("vi")


def test_the_command_shows_them_and_exits_1_while_one_stands(folder: Path, clock: Clock, capsys):
    words = ["-C", str(folder), "alarms", "--json"]
    assert main(words, clock=clock, environ={}) == 0
    assert json.loads(capsys.readouterr().out) == {"alarms": []}
    main(["-C", str(folder), "run", "--due", "--json"], clock=clock, environ={})
    clock.pass_by(days=2)
    capsys.readouterr()
    assert main(words, clock=clock, environ={}) == 1
    (first,) = json.loads(capsys.readouterr().out)["alarms"]
    clock.pass_by(hours=1)
    main(words, clock=clock, environ={})
    (later,) = json.loads(capsys.readouterr().out)["alarms"]
    assert (first["code"], first["since"]) == ("ALM-001", later["since"])


# ---------------------------------------------------------------- mail


def test_one_mail_for_each_change_of_state(folder: Path, clock: Clock, mail: Server):
    write_to(folder, mail.port)
    lose_the_source(folder)
    with opened(folder, clock) as workspace:
        fail(workspace, clock, 3)
        for _ in range(5):
            look(workspace, clock)
        assert len(mail.box) == 1
        to, message = mail.box[0]
        assert (to, message["From"]) == (["truc@nghean.gov.vn"], "dulieumo@nghean.gov.vn")
        assert message["Subject"] == "Dữ liệu mở: Nguồn so-y-te đã thất bại 3 lần liên tiếp."
        assert "ALM-002" in message.get_content()
        bring_it_back(folder)
        run_due(workspace, clock, judge=checks.check)
        for _ in range(3):
            look(workspace, clock)
    assert [message["Subject"].startswith("Dữ liệu mở: đã xử lý xong:") for _, message in mail.box] == [False, True]
    assert len({message["Message-ID"] for _, message in mail.box}) == 2


def test_a_mail_that_is_refused_is_tried_again_until_it_is_taken(folder: Path, clock: Clock, mail: Server):
    write_to(folder, mail.port)
    mail.answers = ["451 later"] * 9
    with opened(folder, clock) as workspace:
        run_due(workspace, clock, judge=checks.check)
        clock.pass_by(days=2)
        keys = set()
        for _ in range(6):
            keys |= look(workspace, clock)
            clock.pass_by(hours=7)
        assert mail.box == []
        assert "delivery:" in keys | look(workspace, clock)
        for _ in range(8):
            clock.pass_by(hours=7)
            look(workspace, clock)
    subjects = [message["Subject"] for _, message in mail.box]
    assert sum("đến hạn" in subject for subject in subjects) == 1
    assert sum("không gửi được" in subject for subject in subjects) == 2, "raised and settled"


@pytest.mark.parametrize(("certificate", "arrives"), [("trusted", True), ("wrong-name", False), ("expired", False)])
def test_mail_goes_encrypted_to_whom_the_certificate_names_or_not_at_all(
    folder: Path, clock: Clock, certificate: str, arrives: bool
):
    environ = {"SSL_CERT_FILE": str(CERTIFICATES / "authority.pem"), "OPENDATA_SMTP_PASSWORD": SECRET}
    with taking_mail(certificate) as server:
        write_to(folder, server.port, tls="starttls")
        text = (folder / "config" / "alarms.toml").read_text().replace('"localhost"', '"127.0.0.1"')
        (folder / "config" / "alarms.toml").write_text(text)
        with open_workspace(folder, environ, clock) as workspace:
            run_due(workspace, clock, judge=checks.check)
            clock.pass_by(days=2)
            look(workspace, clock)
            problems = [notice.problem for notice in workspace.store.undelivered(1)]
        assert (len(server.box), len(problems)) == ((1, 0) if arrives else (0, 1))
        assert set(server.spoke_in_clear) <= {"EHLO", "STARTTLS", "QUIT"}


def test_those_above_are_told_after_working_days_and_once(folder: Path, mail: Server):
    clock = Clock(datetime(2026, 2, 12, 5, tzinfo=UTC))  # the Thursday before Tết
    write_to(folder, mail.port)
    with opened(folder, clock) as workspace:
        run_due(workspace, clock, judge=checks.check)
        clock.pass_by(hours=24)
        told = []
        for _ in range(16):
            clock.pass_by(days=1)
            look(workspace, clock)
            told.append([to for to, _ in mail.box])
    up = [day for day, tos in enumerate(told) if ["lanh-dao@nghean.gov.vn"] in tos]
    first = (datetime(2026, 2, 14, tzinfo=UTC) + timedelta(days=up[0])).date()
    assert str(first) == "2026-02-25", "the third working day after Tết"
    assert sum(to == ["lanh-dao@nghean.gov.vn"] for to in told[-1]) == 1


def test_an_agency_gets_its_digest_in_vietnamese_once_a_week(folder: Path, clock: Clock, mail: Server):
    hand_over(folder, "hong", rows="", title="Danh sách hỏng\r\nBcc: x@y.vn")
    hand_over(folder, "thang", rows="ma,ten\n1,x\n", frequency="hằng tháng", modified="2026-01-01")
    more = '\n[digest]\nschedule = "0 7 * * 1"\n[digest.to]\nso-y-te = ["van-thu@syt.nghean.gov.vn"]\n'
    write_to(folder, mail.port, more=more)
    with opened(folder, clock) as workspace:
        run(workspace, (), clock, judge=checks.check)
        for _ in range(10):
            note_digests(workspace, clock())
            deliver(workspace, clock)
            clock.pass_by(hours=20)
    digests = [message for to, message in mail.box if to == ["van-thu@syt.nghean.gov.vn"]]
    assert len(digests) == 2, "the first at once, then on Monday"
    assert digests[0]["Subject"] == "Dữ liệu mở: tình hình của Sở Y tế"
    assert digests[0]["Bcc"] is None
    text = digests[0].get_content()
    assert "Số bộ dữ liệu đã công bố: 2." in text
    assert "Danh sách thang: quá hạn cập nhật" in text
    assert "bị từ chối" in text


# ---------------------------------------------------------------- a program


def test_a_program_is_called_signed_through_the_guard_and_again_if_it_fails(folder: Path, clock: Clock):
    environ = {"OPENDATA_WEBHOOK_SECRET": "webhook-secret-99"}
    with serving() as server:
        posted = []
        post = lambda handler: (  # noqa: E731
            posted.append((dict(handler.headers), handler.rfile.read(int(handler.headers["Content-Length"])))),
            status(503 if len(posted) == 1 else 204)(handler),
        )
        server.RequestHandlerClass = type("Posted", (server.RequestHandlerClass,), {"do_POST": post})
        webhook = f'[webhook]\nurl = "{server.url}/hook"\n'
        (folder / "config" / "alarms.toml").write_text(webhook)
        with open_workspace(folder, environ, clock) as workspace:
            run_due(workspace, clock, judge=checks.check)
            clock.pass_by(days=2)
            look(workspace, clock)
            assert posted == [], "this machine's own addresses are refused unless they are allowed"
        (folder / "config" / "alarms.toml").write_text(webhook + 'allow_networks = ["127.0.0.0/8"]\n')
        with open_workspace(folder, environ, clock) as workspace:
            for _ in range(4):
                clock.pass_by(minutes=10)
                look(workspace, clock)
    (first, body), (headers, again) = posted
    assert body == again and first["X-Opendata-Id"] == headers["X-Opendata-Id"]
    assert (
        headers["X-Opendata-Signature"] == f"sha256={signature('webhook-secret-99', headers['X-Opendata-Time'], body)}"
    )
    told = json.loads(body)
    assert (told["change"], told["code"], told["subject"]) == ("raised", "ALM-001", "so-y-te")
    assert set(told["message"]) == {"vi", "en"}
    assert announced and notices


# ---------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[mail]\nhost = 'x'", "CFG-005"),
        ("[mail]\nhost = 'x'\nfrom = 'a b@c'\nto = []", "CFG-006"),
        ("[mail]\nhost = 'x'\nfrom = 'a@c.vn'\nto = ['a@b.vn, c@d.vn']", "CFG-006"),
        ("[mail]\nhost = 'x'\nfrom = 'a@c.vn'\nto = ['a@b.vn\\nBcc: x@y.vn']", "CFG-006"),
        ("[mail]\nhost = 'x'\nfrom = 'a@c.vn'\nto = []\ntls = 'maybe'", "CFG-006"),
        ("[mail]\nhost = 'x'\nfrom = 'a@c.vn'\nto = []\npassword = 'secret'", "CFG-003"),
        ("[webhook]\nurl = 'ftp://x'", "CFG-009"),
        ("[webhook]\nurl = 'https://a:b@x'", "CFG-009"),
        ("[digest]\nschedule = 'weekly'\n[digest.to]\na = ['x@y.vn']", "CFG-009"),
        ("[limits]\nfailures = 3", "CFG-003"),
        ("[limits]\nfailing = 'three'", "CFG-004"),
    ],
)
def test_a_wrong_alarms_file_is_named(text: str, code: str):
    with pytest.raises(ConfigurationError) as refused:
        alarming(toml("config/alarms.toml", text.encode()))
    assert refused.value.code == code
    assert "alarms.toml" in str(refused.value.message) and "secret" not in str(refused.value.message)


# ---------------------------------------------------------------- the log


@pytest.mark.parametrize("as_json", [False, True])
def test_a_log_line_holds_no_secret_no_person_and_no_second_line(as_json: bool):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Redacting([SECRET, "key"], as_json))
    log = logging.Logger("test")
    log.addHandler(handler)
    log.error(
        "%s of 040085000012, 0912345678, an.nguyen@gmail.com\r\nFAKE LINE \x1b[31m", SECRET, extra={"source": "s\n1"}
    )
    try:
        raise ValueError(f"bad value 040085000012 and {SECRET}")
    except ValueError:
        log.exception("a bug")
    text = stream.getvalue()
    for hidden in (SECRET, "040085000012", "0912345678", "an.nguyen", "\x1b"):
        assert hidden not in text
    assert "040*******12" in text and "a***@gmail.com" in text
    assert "FAKE" in text.splitlines()[0]
    if as_json:
        first, second = (json.loads(line) for line in text.splitlines())
        assert (first["level"], first["source"], "ValueError" in second["traceback"]) == ("error", "s 1", True)
