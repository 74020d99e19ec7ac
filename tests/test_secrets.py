"""Planted secrets and identity numbers are found in no answer, log, ledger, page or message of the whole job."""

import io
import json
import logging
import re
import zlib
from pathlib import Path

import onserver
from mailserver import taking_mail
from workspaces import Clock, hand_over, make_workspace, opened

from harvester import logs
from harvester.cli import main
from harvester.environment import environment
from harvester.store import tables

PEOPLE = ("040085001234", "040190005678", "0912345678", "nguyen.van.an@gmail.com")
SECRETS = ("ckan-key-planted-7f3a", "smtp-pass-planted-7f3a", "hook-secret-planted-7f3a", "proxy-pass-planted-7f3a")


def planted(folder: Path) -> dict[str, str]:
    return {
        "CKAN_API_KEY": SECRETS[0],
        "OPENDATA_SMTP_PASSWORD": SECRETS[1],
        "OPENDATA_WEBHOOK_SECRET": SECRETS[2],
        "HTTPS_PROXY": f"http://me:{SECRETS[3]}@127.0.0.1:9",
        **onserver.environ(folder),
    }


def test_what_must_not_be_seen_is_seen_nowhere(tmp_path: Path, capsys):
    folder, clock = make_workspace(tmp_path / "w"), Clock()
    people = "".join(f"{n},Nguyễn Văn A{n},{PEOPLE[n % 2]},{PEOPLE[2]},{PEOPLE[3]}\n" for n in range(40))
    hand_over(folder, "ca-nhan", rows="stt,ho_ten,so_cccd,dien_thoai,email\n" + people)
    hand_over(folder, "tot")
    source = folder / "config" / "sources" / "so-y-te.toml"
    source.write_text(source.read_text("utf-8") + 'schedule = "0 2 * * *"\n', "utf-8")
    log = io.StringIO()
    before = logging.getLogger().handlers[:]
    said = planted(folder)
    logs.configure(logging.DEBUG, True, environment(said).secrets, log)
    seen = []
    try:
        with taking_mail() as server:
            (folder / "config" / "alarms.toml").write_text(
                f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "none"\nuser = "me"\n'
                'from = "a@b.vn"\nto = ["truc@b.vn"]\n'
            )
            for words in (
                ["run", "--due"],
                ["runs", "show", "1", "-v"],
                ["datasets"],
                ["stats"],
                ["doctor"],
                ["schedule"],
                ["sources"],
                ["check", str(folder / "ban-giao" / "so-y-te" / "ca-nhan")],
                ["alarms", "--send"],
                ["publish", str(folder / "ban-giao" / "so-y-te" / "ca-nhan"), "--agency", "so-y-te", "--yes"],
                ["run", "no-such-source", "--debug"],
            ):
                for more in (["--json"], ["--lang", "vi"]):
                    main(["-C", str(folder), *words, *more], clock=clock, environ=said)
                    seen.append("".join(capsys.readouterr()))
                clock.pass_by(hours=13)
            seen += [message.as_string() for _, message in server.box]
    finally:
        logging.getLogger().handlers[:] = before
    seen.append(log.getvalue())
    with opened(folder, clock) as workspace:
        seen += workspace.store.lines()
        with workspace.store._reading() as connection:
            seen += [zlib.decompress(row.body).decode() for row in connection.execute(tables.report.select())]
    pages = [path for path in (folder / "portal").rglob("*") if path.is_file()]
    seen += [path.read_bytes().decode("utf-8", "replace") for path in pages]
    assert len(seen) > 60 and "refused" in json.dumps(seen)
    for number, text in enumerate(seen):
        for hidden in (*PEOPLE, *SECRETS):
            assert not re.search(rf"(?<!\d){re.escape(hidden)}", text), (number, hidden, text[:300])
