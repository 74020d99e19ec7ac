"""What `schedule`, `runs`, `alarms`, `prune`, `backup` and `restore` show to people."""

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text as Ink

from harvester.i18n import Text, say
from harvester.ink import SOURCE_STATES, WORDS, Data, Pen, advice, findings, indented, pen_for, table
from harvester.options import Common

STATES = {
    **{state: SOURCE_STATES[state] for state in ("ok", "partial")},
    "running": say("under way"),
    "failed": say("nothing reached"),
    "interrupted": say("stopped"),
    "killed": say("cut off"),
}
PURPOSES = {
    "run": say("run of sources"),
    "publish": say("published by hand"),
    "withdraw": say("withdrawn by hand"),
    "rollback": say("rolled back"),
    "reconcile": say("nightly round"),
}
COUNTS = {
    "listed": say("{n} listed"),
    "new": say("{n} new"),
    "changed": say("{n} changed"),
    "unchanged": say("{n} unchanged"),
    "published": say("{n} published"),
    "refused": say("{n} refused"),
    "held": say("{n} waiting for a person"),
    "failed": say("{n} not reached"),
    "missing": say("{n} gone from the source"),
    "withdrawn": say("{n} withdrawn"),
}


def schedule(data: Data, common: Common) -> Iterator[RenderableType]:
    """A line for each source, the soonest first."""
    pen = pen_for(common)
    if not data["sources"]:
        yield pen(say("No approved source has a schedule: nothing runs by itself."), "bold")
    else:
        right = {"justify": "right"}
        made = table(
            pen,
            (say("Next run"), {"no_wrap": True}),
            (say("Source"), {}),
            (say("Schedule"), {}),
            (say("Failures"), right),
        )
        for source in data["sources"]:
            when = pen(say("now")) if source["due"] else pen(pen.moment(source["next_runs"][0]))
            failures = pen(pen.number(source["failures"]), "bold red" if source["failures"] else "dim")
            made.add_row(when, pen(source["id"]), pen(source["schedule"]), failures)
        yield made
    if data["idle"]:
        yield Ink()
        yield pen(say("Never by themselves: {names}", names=", ".join(data["idle"])), "dim")
    yield from advice(
        pen, [say("Let it run by itself: opendata serve, or opendata run --due every few minutes by cron")]
    )


def runs(data: Data, common: Common) -> Iterator[RenderableType]:
    """A line for each run, newest first."""
    pen = pen_for(common)
    if not data["runs"]:
        yield pen(say("Nothing has been run yet."))
        return
    made = table(
        pen,
        (say("Run"), {}),
        (say("Started"), {"no_wrap": True}),
        (say("What"), {}),
        (say("End"), {}),
        (say("Came to"), {"ratio": 1}),
    )
    for run in data["runs"]:
        came = _counts(pen, run["counts"])
        what = pen.word(run["purpose"], PURPOSES)
        made.add_row(
            pen(run["run"]), pen(pen.moment(run["started"])), pen(what), _state(pen, run["state"]), pen(came or None)
        )
    yield made
    yield from advice(pen, [say("All about one of them: opendata runs show N")])


def story(data: Data, common: Common) -> Iterator[RenderableType]:
    """One run told from beginning to end."""
    pen = pen_for(common)
    head = say(
        "Run {run}: {what}, {state}",
        run=str(data["run"]),
        what=PURPOSES.get(data["purpose"], data["purpose"]),
        state=STATES[data["state"]],
    )
    yield pen(head, "bold")
    took = say(
        "Began at {started}, took {seconds} seconds, asked for by {who}.",
        started=pen.moment(data["started"]),
        seconds=pen.number(data["seconds"], 1),
        who=data["asked_by"],
    )
    yield pen(took)
    if data["state"] == "killed":
        yield pen(say("Its process died. What it had left open was finished or undone by a later command."), "yellow")
    if data["error"]:
        yield pen(say("It ended with: {error}", error=data["error"]), "red")
    if data["dataset"]:
        yield pen(say("It was about {dataset}.", dataset=data["dataset"]))
    for source in data["sources"]:
        yield Ink()
        yield pen(f"{source['id']}: {pen.word(source['state'], SOURCE_STATES)}", "bold")
        counted = _counts(pen, source)
        if counted:
            yield indented(pen(counted))
        for dataset in source["datasets"]:
            if pen.verbose or dataset["outcome"] != "unchanged":
                yield indented(pen(f"{pen.word(dataset['outcome'], WORDS)}: {dataset['title']}"), 4)
        yield from findings(pen, source["findings"], {d["name"]: d["title"] for d in source["datasets"]})
    yield from findings(pen, data["findings"])


def alarms(data: Data, common: Common) -> Iterator[RenderableType]:
    """What stands, since when, what to do."""
    pen = pen_for(common)
    if not data["alarms"]:
        yield pen(say("All is well: no alarm stands."), "green")
        return
    yield pen(say("{n} alarms stand.", n=len(data["alarms"])), "bold red")
    for alarm in data["alarms"]:
        yield Ink()
        yield pen(alarm["message"], "bold")
        yield indented(pen(say("{code}, since {since}", code=alarm["code"], since=pen.moment(alarm["since"])), "dim"))
        yield indented(pen(f"→ {alarm['remedy']}"))


def prune(data: Data, common: Common) -> Iterator[RenderableType]:
    """What was, or would be, forgotten."""
    pen = pen_for(common)
    rows = sum(data[name] for name in ("leases", "source_runs", "versions", "reports", "runs", "notices"))
    values: dict[str, Any] = {"facts": data["facts"], "rows": rows, "files": data["files"], "kb": data["bytes"] // 1000}
    done = say("Forgotten: {facts} repeated facts, {rows} old rows, {files} files ({kb} kB).", **values)
    would = say("Would be forgotten: {facts} repeated facts, {rows} old rows, {files} files ({kb} kB).", **values)
    yield pen(would if data["dry_run"] else done)


def backup(data: Data, common: Common) -> Iterator[RenderableType]:
    """Where it is, and how large."""
    pen = pen_for(common)
    yield pen(
        say(
            "Backed up to {file}: {rows} rows, {kb} kB.", file=data["file"], rows=data["rows"], kb=data["bytes"] // 1000
        ),
        "bold",
    )
    yield from advice(
        pen, [say("Keep it on another machine, and try it: opendata -C NEW-FOLDER restore {file}", file=data["file"])]
    )


def restore(data: Data, common: Common) -> Iterator[RenderableType]:
    """Where it is now."""
    pen = pen_for(common)
    yield pen(say("Restored into {folder}: {rows} rows.", folder=data["workspace"], rows=data["rows"]), "bold")
    yield from advice(pen, [say("See whether all is well: opendata -C {folder} doctor", folder=data["workspace"])])


def _counts(pen: Pen, counts: Data) -> str:
    told = [Text(text.id, {"n": counts[name]}) for name, text in COUNTS.items() if counts.get(name)]
    return ", ".join(text.render(pen.language) for text in told)


def _state(pen: Pen, state: str) -> Ink:
    style = {"ok": "green", "partial": "yellow", "running": "cyan", "interrupted": "yellow"}.get(state, "bold red")
    return pen(pen.word(state, STATES), style)
