"""The trend of five years against matplotlib, on the same million findings and in one run.

    python benches/trend.py target/release/inboxed [FINDINGS] [--keep DIRECTORY]

Needs matplotlib (figures are told of matplotlib 3.11.2: pip install matplotlib==3.11.2). Imports the findings and draws the
trend: right after the import, again, and once more after everything that was remembered of the runs was forgotten. Beside it
the whole report, and the same trend drawn by matplotlib from the same database. Prints seconds and the peak of resident memory
of each. With --keep the database stays in that directory, and the next run with it imports nothing.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

WEEKS = 260
PROVIDERS = [("gmail", 0.72, 0.12), ("outlook", 0.80, 0.15), ("yahoo", 0.88, 0.09)]

CONFIG = """
[ses]
region = "eu-central-1"
[[stream]]
name = "newsletter"
kind = "marketing"
from = "News <news@shop.example>"
message = "m.eml"
"""

DRAW = """
import sqlite3, sys
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT seed.provider, seed.run, told.placement, count(*) FROM told JOIN seed ON seed.id = told.seed GROUP BY 1, 2, 3").fetchall()
names = sorted({row[0] for row in rows})
runs = sorted({row[1] for row in rows})
figure, axes = plt.subplots(len(names), 1, figsize=(13.3, 8), dpi=144, sharex=True)
for axis, name in zip(axes, names):
    counts = {(run, placement): n for provider, run, placement, n in rows if provider == name}
    totals = [sum(counts.get((run, p), 0) for p in ("inbox", "promotions", "missing", "spam")) for run in runs]
    floor = [0.0] * len(runs)
    for placement in ("inbox", "promotions", "missing", "spam"):
        share = [counts.get((run, placement), 0) / total for run, total in zip(runs, totals)]
        axis.bar(range(len(runs)), share, bottom=floor, width=0.8, label=placement)
        floor = [a + b for a, b in zip(floor, share)]
    axis.axhline(0.8, linestyle="--", color="black")
    axis.set_title(name)
axes[0].legend()
figure.savefig(sys.argv[2])
"""


def findings(path, wanted):
    """Writes the findings as a CSV that `import` reads; the same ones each time."""
    seeds = max(1, wanted // (WEEKS * len(PROVIDERS)))
    state = 1
    start = datetime(2021, 12, 6, 6, tzinfo=timezone.utc)
    with open(path, "w", encoding="utf-8") as out:
        out.write("run_id,stream,started_at,seed,provider,placement\n")
        for week in range(WEEKS):
            at = (start + timedelta(weeks=week)).strftime("%Y-%m-%dT%H:%M:%SZ")
            for provider, inbox, spam in PROVIDERS:
                for seed in range(seeds):
                    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                    draw = (state >> 33) / 2**31
                    placement = "inbox" if draw < inbox else "spam" if draw < inbox + spam else "promotions" if draw < 0.99 else "missing"
                    out.write(f"{week + 1},newsletter,{at},seed{seed}@{provider}.example,{provider},{placement}\n")
    return seeds * WEEKS * len(PROVIDERS)


def timed(what, command, **options):
    """Runs a command, prints its seconds and its peak of memory."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(process.pid, 0)
    print(f"{what:42} {time.monotonic() - began:7.2f} s {usage.ru_maxrss / 1024:8.1f} MiB", flush=True)
    if status != 0:
        sys.exit(f"{what}: ended with {status}")


def prepare(place, wanted, inboxed):
    """Fills the database, unless it was kept."""
    if (place / "inboxed.db").exists():
        print(f"the database of {place} is used again")
        return
    (place / "seeds").mkdir(parents=True, exist_ok=True)
    (place / "seeds/example.toml").write_text("")
    (place / "inboxed.toml").write_text(CONFIG)
    (place / "m.eml").write_text("From: news@shop.example\nSubject: hello\n\nhello\n")
    print(f"{findings(place / 'findings.csv', wanted)} findings, {WEEKS} weekly runs, {os.cpu_count()} processors")
    timed("import", inboxed + ["import", str(place / "findings.csv")])


def measure(place, wanted, program):
    """All of it."""
    inboxed = [program, "--config", str(place / "inboxed.toml"), "--quiet"]
    prepare(place, wanted, inboxed)
    trend = inboxed + ["report", "--only", "trend"]
    timed("trend, light and dark, first time", trend)
    timed("trend, light and dark, again", trend)
    timed("the whole report", inboxed + ["report"])
    with sqlite3.connect(place / "inboxed.db") as database:
        database.execute("DELETE FROM tally")
    database.close()
    timed("trend, with nothing remembered", trend)
    version = subprocess.run([sys.executable, "-c", "import matplotlib; print(matplotlib.__version__)"], capture_output=True, text=True)
    timed(f"matplotlib {version.stdout.strip()}, light", [sys.executable, "-c", DRAW, str(place / "inboxed.db"), str(place / "m.png")])


def main():
    words = argparse.ArgumentParser()
    words.add_argument("program")
    words.add_argument("findings", nargs="?", type=int, default=1_000_000)
    words.add_argument("--keep", type=Path)
    asked = words.parse_args()
    program = str(Path(asked.program).resolve())
    if asked.keep:
        return measure(asked.keep.resolve(), asked.findings, program)
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), asked.findings, program)


main()
