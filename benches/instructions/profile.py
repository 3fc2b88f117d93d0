#!/usr/bin/env python3
"""Where the instructions of a step go: tables in Markdown, of this state of the crate, or of another beside it.

    benches/instructions/profile.py              # this state
    benches/instructions/profile.py 494d1e1      # that commit before, this state after

Needs valgrind. Each instruction counts for the part of the crate whose source it is of; what belongs to no part, as the
allocator, copies of memory and the standard library, counts for the part that called it.
"""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = HERE / "target"

WORKLOADS = {
    "training_step": "A, a replay of the training step, f32",
    "small_ops": "E, a replay of 1,000 small ops and their gradients, f32",
    "numbers_replay": "C, a replay of 100,000 single numbers and their gradients, f64",
    "numbers_sweep": "C, 100,000 single numbers recorded anew, value and gradients, f64",
    "check": "B, the chapter's check of 39,760 parameters, f64",
}

# The first pattern that a file's path matches names its part.
PARTS = [
    (r"/gemm|/private-gemm|kernel/(matmul|product|thin)|ops/matmul", "products"),
    (r"kernel/math|/pulp|ops/elementwise/(known|functions|rows|number|scalar|power|chain|select)|kernel/lanes|libm",
     "elementwise functions"),
    (r"plan/program/|plan/compile/(fuse|levels|lower)", "programs"),
    (r"ops/along/(softmax|cross_entropy)", "softmax and loss"),
    (r"kernel/(fetch|gather|view)|ops/(shapes|axes)|src/shape", "views, gathers and copies"),
    (r"kernel/sum|ops/along/reduce", "sums"),
    (r"src/eval/|tape/values/", "values"),
    (r"src/reverse/|ops/elementwise/(propagate|rule_blocks)", "rules and sweep"),
    (r"plan/compile/", "compiling"),
    (r"plan/|tape/op\.", "steps of plans"),
    (r"src/tape/|src/graph/|src/location", "recording"),
    (r"src/check/", "checker"),
    (r"src/ops/", "other ops"),
]


def part_of(path):
    if "/chainrule" not in path and "src/" not in path and "gemm" not in path:
        return "elementwise functions" if "libm" in path else None
    foreign = "/registry/" in path or "/rustc/" in path or "/library/" in path
    for pattern, part in PARTS:
        if re.search(pattern, path) and (not foreign or pattern.startswith("/gemm") or "/pulp" in path):
            return part
    return None


def read(path):
    """What a profile says: the counts of (function, part), and calls (caller, part, callee, count)."""
    names, own, calls = {}, defaultdict(int), defaultdict(int)

    def name(kind, text):
        number, _, rest = text.partition(" ")
        if not number.startswith("("):
            return text
        if rest:
            names[kind, number] = rest
        return names[kind, number]

    parts = {}

    def part(file):
        if file not in parts:
            parts[file] = part_of(file)
        return parts[file]

    file = home = function = target = target_object = None
    called = False
    for line in path.read_text(errors="replace").splitlines():
        key, mark, text = line.partition("=")
        if mark and key == "fl":
            file = home = name("file", text)
        elif mark and key in ("fi", "fe"):
            file = name("file", text)
        elif mark and key == "fn":
            function = (name("fn", text), home)
        elif mark and key in ("cfi", "cfl"):
            target_object = name("file", text)
        elif mark and key == "cfn":
            target = (name("fn", text), target_object or home)
            target_object = None
        elif mark and key in ("ob", "cob"):
            name("ob", text)
        elif key == "calls":
            called = True
        elif line[:1] in "0123456789+-*" and line[:1]:
            count = int(line.split()[1])
            place = part(file) or part(home)
            if called:
                calls[function, place, target] += count
            else:
                own[function, place] += count
            called = False
    return own, calls


def shares(path):
    """The counts by part."""
    own, calls = read(path)
    found, waiting = defaultdict(float), defaultdict(float)
    around = defaultdict(dict)
    for (function, part), count in own.items():
        if part:
            found[part] += count
            around[function][part] = count
        else:
            waiting[function] += count
    callers = defaultdict(list)
    for (caller, part, callee), count in calls.items():
        if caller != callee:
            callers[callee].append((caller, part, count))
    # What belongs to no part counts as what is around it in its function does, or else goes up, from callee to callers,
    # until all of it has come to one.
    for _ in range(200):
        up = defaultdict(float)
        for function, count in waiting.items():
            if known := around[function]:
                for part, weight in known.items():
                    found[part] += count * weight / sum(known.values())
                continue
            total = sum(weight for _, _, weight in callers[function])
            if not total:
                found["other"] += count
            for caller, part, weight in callers[function]:
                share = count * weight / total
                if part:
                    found[part] += share
                else:
                    up[caller] += share
        waiting = up
        if sum(waiting.values()) < 1:
            break
    found["other"] += sum(waiting.values())
    return found


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


def build(root, features):
    """The driver of a state of the crate that lies in a folder."""
    manifest = root / "benches" / "instructions" / "Cargo.toml"
    run("cargo", "build", "--release", "--bin", "profile", "--manifest-path", str(manifest), "--target-dir",
        str(TARGET), *features)
    binary = TARGET / f"profile-{root.name}"
    shutil.copy(TARGET / "release" / "profile", binary)
    return binary


def state(commit):
    """That commit in a clone, with the driver of today."""
    clone = TARGET / commit
    if not clone.exists():
        run("git", "clone", "--quiet", str(ROOT), str(clone))
        run("git", "checkout", "--quiet", commit, cwd=clone)
    for folder in ("instructions", "workloads"):
        ignore = shutil.ignore_patterns("target")
        shutil.copytree(HERE.parent / folder, clone / "benches" / folder, dirs_exist_ok=True, ignore=ignore)
    sweeps = any("fn sweep" in path.read_text() for path in (clone / "src").rglob("*.rs"))
    return build(clone, [] if sweeps else ["--no-default-features"])


def profile(binary, workload):
    out = TARGET / f"{binary.name}.{workload}.out"
    run("valgrind", "--tool=callgrind", "--toggle-collect=*measured*", f"--callgrind-out-file={out}", "--compress-pos=no",
        "--quiet", str(binary), workload, stderr=subprocess.DEVNULL)
    return shares(out)


def number(count):
    return f"{count:,.0f}" if count >= 1 else "–"


def main():
    before = sys.argv[1] if len(sys.argv) > 1 else None
    binaries = ([state(before)] if before else []) + [build(ROOT, [])]
    for workload, title in WORKLOADS.items():
        found = [profile(binary, workload) for binary in binaries]
        heads = ["before", "after"] if before else ["instructions"]
        print(f"\n| {title} | " + " | ".join(f"{head} | share" for head in heads) + " |")
        print("| --- |" + " ---: | ---: |" * len(heads))
        totals = [sum(parts.values()) for parts in found]
        rows = sorted({part for parts in found for part in parts}, key=lambda p: -max(f[p] for f in found))
        small = [r for r in rows if all(f[r] < 0.01 * t for f, t in zip(found, totals))]
        for row in rows:
            if row not in small:
                cells = (f"{number(f[row])} | {f[row] / t:.1%}" for f, t in zip(found, totals))
                print(f"| {row} | " + " | ".join(cells) + " |")
        rest = [sum(f[r] for r in small) for f in found]
        print("| the rest | " + " | ".join(f"{number(r)} | {r / t:.1%}" for r, t in zip(rest, totals)) + " |")
        print("| together | " + " | ".join(f"{number(t)} |" for t in totals) + " |", flush=True)


if __name__ == "__main__":
    main()
