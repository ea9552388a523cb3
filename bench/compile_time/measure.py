#!/usr/bin/env python3
"""What weft costs the compiler: processor seconds of the smallest programs that show one cost each.

    python3 bench/compile_time/measure.py
    python3 bench/compile_time/measure.py --repetitions 7 --compilers clang++ --flags="-O0"

Programs are compiled in turn, several rounds, so that a slow moment touches all of them; the table has medians (user
plus system time, which other work disturbs less than the clock). Programs whose source or header isn't there are
left out.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"

# name: source text or file, definitions
PROGRAMS = {
    "empty": ("", []),
    "xsimd": ("#include <xsimd/xsimd.hpp>\n", []),
    "core": ("#include <weft/core.hpp>\n", []),
    "weft": ("#include <weft/weft.hpp>\n", []),
    "1 expression": ("expressions.cpp", ["-DEXPRESSIONS=1"]),
    "6 expressions": ("expressions.cpp", ["-DEXPRESSIONS=6"]),
    "20 operations": ("chain.cpp", ["-DOPERATIONS=20"]),
    "40 operations": ("chain.cpp", ["-DOPERATIONS=40"]),
    "mlp inference": ("mlp_inference.cpp", []),
    "mlp training": ("mlp_training.cpp", []),
}

# what, unit, bound, from the medians
COSTS = [
    ("core header over xsimd", "s", 0.5, lambda t: t["core"] - t["xsimd"]),
    ("whole header over xsimd", "s", None, lambda t: t["weft"] - t["xsimd"]),
    ("first expression over the header", "s", None, lambda t: t["1 expression"] - t["core"]),
    ("a further expression", "s", 0.10, lambda t: (t["6 expressions"] - t["1 expression"]) / 5),
    ("40 operations to 20, header aside", "x", 2.3,
     lambda t: (t["40 operations"] - t["core"]) / (t["20 operations"] - t["core"])),
    ("mlp training", "s", 8.0, lambda t: t["mlp training"]),
    ("mlp inference to training", "x", 0.60, lambda t: t["mlp inference"] / t["mlp training"]),
]


def compile_once(command):
    """Processor seconds and peak memory in MiB of a compiler and its children."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        return None, errors
    return (usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), ""


def usable(source):
    text = source if "\n" in source or not source else None
    if text is None:
        if not (HERE / source).exists():
            return False
        text = (HERE / source).read_text()
    return all((INCLUDE / header).exists() for header in re.findall(r"#include <(weft/[^>]+)>", text))


def measure(compiler, options):
    medians, failed = {}, []
    with tempfile.TemporaryDirectory() as folder:
        commands = {}
        for name, (source, definitions) in PROGRAMS.items():
            if not usable(source):
                continue
            path = HERE / source
            if not source or "\n" in source:
                path = pathlib.Path(folder) / f"{name}.cpp"
                path.write_text(source)
            commands[name] = [compiler, "-std=c++20", *options.flags.split(), f"-I{INCLUDE}", *definitions,
                              "-c", str(path), "-o", str(pathlib.Path(folder) / "out.o")]
        samples = {name: [] for name in commands}
        for _ in range(options.repetitions):
            for name, command in commands.items():
                if name in failed:
                    continue
                sample, errors = compile_once(command)
                if sample is None:
                    failed.append(name)
                    print(f"{compiler}: {name} does not compile:\n{errors[:2000]}", file=sys.stderr)
                    continue
                samples[name].append(sample)
    for name, values in samples.items():
        if values:
            medians[name] = (statistics.median(v[0] for v in values), max(v[1] for v in values))
    return medians, failed


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repetitions", type=int, default=5)
    options.add_argument("--compilers", default="g++ clang++")
    options.add_argument("--flags", default="-O2 -march=native")
    options.add_argument("--json", type=pathlib.Path, help="keep the medians in this file")
    options = options.parse_args()
    compilers = [c for c in options.compilers.split() if shutil.which(c)]
    results, broken = {}, False
    for compiler in compilers:
        results[compiler], failed = measure(compiler, options)
        broken = broken or bool(failed)

    print(f"{options.flags}, medians of {options.repetitions}\n")
    print(f"{'program':36}" + "".join(f"{c:>20}" for c in compilers))
    for name in PROGRAMS:
        row = [results[c].get(name) for c in compilers]
        print(f"{name:36}" + "".join(f"{f'{r[0]:.2f} s {r[1]:.0f} MiB' if r else '-':>20}" for r in row))
    print(f"\n{'cost':36}" + "".join(f"{c:>20}" for c in compilers) + f"{'at most':>12}")
    for what, unit, bound, cost in COSTS:
        cells = []
        for compiler in compilers:
            try:
                value = cost({name: median[0] for name, median in results[compiler].items()})
                cells.append(f"{value:.2f} {unit}" + (" !" if bound and value > bound else ""))
            except KeyError:  # one of the programs isn't there
                cells.append("-")
        print(f"{what:36}" + "".join(f"{c:>20}" for c in cells) + f"{f'{bound:g} {unit}' if bound else '':>12}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    sys.exit(1 if broken or not compilers else 0)


if __name__ == "__main__":
    main()
