"""Weir's programs as child processes, from the build in this repository."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def java(main, *arguments, heap="4g"):
    """Runs a main class on the built jars; returns its standard output."""
    libraries = ROOT / "services/standalone/target/weir/lib"
    classes = ROOT / "benchmarks/target/classes"
    if not libraries.is_dir() or not classes.is_dir():
        raise SystemExit("Weir is not built; run: mvn -DskipTests package")
    home = os.environ.get("JAVA_HOME")
    command = [
        f"{home}/bin/java" if home else "java",
        f"-Xmx{heap}",
        "-Dai.djl.offline=true",
        "-DOPT_OUT_TRACKING=true",
        "-cp",
        f"{classes}{os.pathsep}{libraries}/*",
        main,
        *map(str, arguments),
    ]
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
        said = [line for line in lines if "Exception" in line or line.startswith(("weir:", "Unknown"))]
        raise WeirError(f"{main.split('.')[-1]}: " + (said or lines or ["no message"])[0])
    return done.stdout


class WeirError(Exception):
    """Weir refused or failed; the message is the end of its own."""


def logits(base, texts, limit, output, adapters):
    """Per adapter directory what dev.weir.benchmarks.Logits answers."""
    java("dev.weir.benchmarks.Logits", base, texts, limit, output, *adapters)
    return {a: json.loads((Path(output) / Path(a).name / "logits.json").read_text()) for a in adapters}


def export_base(name, directory):
    java("dev.weir.benchmarks.ExportBase", name, directory)


def train(*arguments):
    """weir train; returns its figures."""
    output = java("dev.weir.standalone.WeirMain", "train", "--json", *arguments)
    return json.loads(output.strip().splitlines()[-1]), output


def write_jsonl(file, rows):
    Path(file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file
