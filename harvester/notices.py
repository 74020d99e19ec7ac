"""Messages delivered: by mail in Vietnamese, to a program as signed JSON; tried again until they arrive.

One message per change of state: a message carries an id of its own, the same at every try, so that a reader who got
it twice, because we died between sending and noting it, can tell.
"""

import hashlib
import hmac
import json
import logging
import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from harvester.alarming import Mail, Webhook
from harvester.errors import SourceError
from harvester.guard import Route, guarded_session
from harvester.i18n import Text, say
from harvester.ledger import Notice
from harvester.limits import Limits
from harvester.model import ZONE
from harvester.records import to_json
from harvester.workspace import Clock, Workspace

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds for one step of the talk with a mail server or a program."""
LIMITS = Limits(read=PATIENCE, total=PATIENCE, retries=0, listing_bytes=2**16)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
SUBJECTS: Mapping[str, Text] = {
    "raised": say("Open data: {what}"),
    "cleared": say("Open data: settled: {what}"),
    "escalated": say("Open data: still not settled: {what}"),
    "digest": say("Open data: what stands with {what}"),
}
OUTCOMES: Mapping[str, Text] = {
    "refused": say("refused"),
    "held": say("waits for a person"),
    "failed": say("could not be reached"),
}


def deliver(workspace: Workspace, clock: Clock) -> int:
    """Try every message whose time has come; returns how many arrived. What does not arrive is tried again later."""
    arrived = 0
    for notice in workspace.store.waiting(clock()):
        try:
            _send(workspace, notice)
        except (OSError, smtplib.SMTPException, requests.RequestException, HTTPError, SourceError) as error:
            wait = min(FIRST_WAIT * 2 ** min(notice.tries, 20), LONGEST_WAIT)
            workspace.store.tried(notice.id, None, clock() + wait, f"{type(error).__name__}: {error}"[:300])
            log.warning("message %d was not delivered: %s", notice.id, type(error).__name__)
            continue
        workspace.store.tried(notice.id, clock(), clock())
        arrived += 1
    return arrived


def _send(workspace: Workspace, notice: Notice) -> None:
    alarming, environment = workspace.config.alarming, workspace.environment
    if notice.channel == "webhook" and alarming.webhook:
        _call(alarming.webhook, environment.webhook_secret, notice, workspace)
    elif notice.channel in ("mail", "mail-up") and alarming.mail:
        to = _recipients(workspace, alarming.mail, notice)
        if to:
            bundle = str(environment.ca_bundle) if environment.ca_bundle else None
            _mail(alarming.mail, environment.smtp_password, bundle, to, notice)


def _recipients(workspace: Workspace, mail: Mail, notice: Notice) -> tuple[str, ...]:
    if notice.change == "digest":
        register = workspace.config.register
        wanted = register.named(str(notice.body["agency"]))
        addresses = workspace.config.alarming.digest_to
        return next((to for agency, to in addresses.items() if register.named(agency) == wanted), ())
    return mail.escalate_to if notice.channel == "mail-up" else mail.to


# ---------------------------------------------------------------- mail


def _mail(mail: Mail, password: str, bundle: str | None, to: tuple[str, ...], notice: Notice) -> None:
    message = written(notice, mail.sender, to)
    context = ssl.create_default_context(cafile=bundle)
    if mail.tls == "tls":
        with smtplib.SMTP_SSL(mail.host, mail.port, timeout=PATIENCE, context=context) as server:
            _hand_over(server, mail, password, message)
        return
    with smtplib.SMTP(mail.host, mail.port, timeout=PATIENCE) as server:
        if mail.tls == "starttls":
            server.starttls(context=context)
        _hand_over(server, mail, password, message)


def _hand_over(server: smtplib.SMTP, mail: Mail, password: str, message: MIMEText) -> None:
    if mail.user and mail.tls != "none":  # a password never goes over the wire unencrypted
        server.login(mail.user, password)
    server.send_message(message)


def written(notice: Notice, sender: str, to: tuple[str, ...]) -> MIMEText:
    """The mail for a notice, in Vietnamese (not an EmailMessage: Python 3.11 drops spaces where it folds a subject)."""
    message = MIMEText(_digest(notice.body) if notice.change == "digest" else _alarm(notice), "plain", "utf-8")
    what = _line(notice.body["name"] if notice.change == "digest" else _text(notice, "message"))
    subject = Text(SUBJECTS[notice.change].id, {"what": what[:120]}).render("vi")
    message["Subject"] = Header(subject, "utf-8", header_name="Subject").encode()
    message["From"], message["To"] = sender, ", ".join(to)
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = f"<opendata-{notice.id}-{int(notice.at.timestamp())}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def _alarm(notice: Notice) -> str:
    since = datetime.fromisoformat(str(notice.body["since"])).astimezone(ZONE)
    lines = [
        _text(notice, "message"),
        "",
        _text(notice, "remedy"),
        "",
        say("Since {since}. Code {code}.", since=since, code=str(notice.body["code"])).render("vi"),
        say("All that stands: opendata alarms").render("vi"),
    ]
    return "\n".join(lines[:1] + lines[4:] if notice.change == "cleared" else lines) + "\n"


def _digest(body: Mapping[str, Any]) -> str:
    verdicts = {
        "met": say("The agency meets the rules of open data today."),
        "not_met": say("The agency does not meet the rules of open data today."),
        "unknown": say("It is not known whether the agency meets the rules of open data today."),
    }
    lines = [str(body["name"]), "", verdicts[body["verdict"]].render("vi")]
    lines.append(say("Published datasets: {n}.", n=body["counts"].get("published", 0)).render("vi"))
    if body["datasets"]:
        lines += ["", say("These need you:").render("vi")]
    for dataset in body["datasets"]:
        states = [OUTCOMES[dataset["outcome"]]] if dataset["outcome"] in OUTCOMES else []
        states += [say("overdue")] if dataset["overdue"] else []
        lines.append(f"  - {_line(dataset['title'])}: {', '.join(state.render('vi') for state in states)}")
    if body["obstacles"]:
        lines += ["", say("What to do:").render("vi"), *(f"  - {_line(text)}" for text in body["obstacles"])]
    return "\n".join(lines) + "\n"


def _text(notice: Notice, key: str) -> str:
    return Text.from_json(notice.body[key]).render("vi")


def _line(text: str) -> str:
    """One line, whatever an agency wrote: nothing of it may begin a header or another paragraph."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


# ---------------------------------------------------------------- a program


def _call(webhook: Webhook, secret: str, notice: Notice, workspace: Workspace) -> None:
    body = json.dumps(to_json(announced(notice)), ensure_ascii=False, separators=(",", ":")).encode()
    stamp = str(int(notice.at.timestamp()))
    headers = {"Content-Type": "application/json", "X-Opendata-Id": str(notice.id), "X-Opendata-Time": stamp}
    if secret:
        headers["X-Opendata-Signature"] = f"sha256={signature(secret, stamp, body)}"
    environment = workspace.environment
    direct = tuple(host.strip() for host in environment.no_proxy.split(",") if host.strip())
    route = Route(environment.https_proxy, direct, str(environment.ca_bundle or ""))
    with guarded_session(LIMITS, webhook.allow_networks, route) as session:
        answer = session.post(webhook.url, data=body, headers=headers, allow_redirects=False, stream=True)
        answer.close()
        if not 200 <= answer.status_code < 300:
            raise requests.HTTPError(f"status {answer.status_code}")


def signature(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the time, a full stop and the body, in hex."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def announced(notice: Notice) -> dict[str, Any]:
    """What a program is told: codes, and the words in both languages."""
    told = {"id": notice.id, "change": notice.change, "at": notice.at.astimezone(ZONE)}
    told |= {name: notice.body[name] for name in ("kind", "code", "subject", "since")}
    texts = {name: Text.from_json(notice.body[name]) for name in ("message", "remedy")}
    return told | {name: {"vi": text.render("vi"), "en": text.render("en")} for name, text in texts.items()}
