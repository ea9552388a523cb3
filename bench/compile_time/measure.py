#!/usr/bin/env python3
"""What weft costs the compiler: processor seconds of the smallest programs that show one cost each.

    python3 bench/compile_time/measure.py
    python3 bench/compile_time/measure.py --repetitions 7 --compilers clang++ --flags="-O0"
    python3 bench/compile_time/measure.py --only units --compilers g++ --repetitions 3

Programs are compiled in turn, several rounds, so that a slow moment touches all of them; the table has medians (user
plus system time, which other work disturbs less than the clock). Programs whose source or header isn't there are
left out.

Seconds say little about another machine. So a second table has what matters most in units of a program that is the same
everywhere: the inference of a small network with Eigen, mlp_eigen.cpp of ../shared/peers/compile, compiled in the same
rounds with the flags of compile_bench.py there. `compiled` passes -DWEFT_COMPILED, with which headers declare what
weft::compiled has (headers that don't know it are what they are without).
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

SHARED = HERE.parent.parent.parent / "shared"
COMPILED = ["-DWEFT_COMPILED"]

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
UNIT = "mlp_eigen"
UNIT_PROGRAMS = {
    UNIT: (str(SHARED / "peers" / "compile" / "mlp_eigen.cpp"), []),
    "core": PROGRAMS["core"],
    "core, compiled": (PROGRAMS["core"][0], COMPILED),
    "core and gradients": ("#include <weft/core.hpp>\n#include <weft/grad.hpp>\n", []),
    "1 expression": PROGRAMS["1 expression"],
    "6 expressions": PROGRAMS["6 expressions"],
    "20 operations": PROGRAMS["20 operations"],
    "40 operations": PROGRAMS["40 operations"],
    "softmax gradient": ("softmax_gradient.cpp", []),
    "product": ("product.cpp", []),
    "product, compiled": ("product.cpp", COMPILED),
    "mlp training": PROGRAMS["mlp training"],
    "mlp training, compiled": ("mlp_training.cpp", COMPILED),
}



def growth(t):
    return (t["40 operations"] - t["core"]) / (t["20 operations"] - t["core"])


# what, unit, bound, from the medians
COSTS = [
    ("core header over xsimd", "s", 0.5, lambda t: t["core"] - t["xsimd"]),
    ("whole header over xsimd", "s", None, lambda t: t["weft"] - t["xsimd"]),
    ("first expression over the header", "s", None, lambda t: t["1 expression"] - t["core"]),
    ("a further expression", "s", 0.10, lambda t: (t["6 expressions"] - t["1 expression"]) / 5),
    ("40 operations to 20, header aside", "x", 2.3, growth),
    ("mlp training", "s", 8.0, lambda t: t["mlp training"]),
    ("mlp inference to training", "x", 0.60, lambda t: t["mlp inference"] / t["mlp training"]),
]
# what, in seconds (or, for a ratio, "x") from the medians
UNIT_COSTS = [
    ("mlp_eigen: the unit", "s", lambda t: t[UNIT]),
    ("core header", "s", lambda t: t["core"]),
    ("mlp training", "s", lambda t: t["mlp training"]),
    ("mlp training, compiled", "s", lambda t: t["mlp training, compiled"]),
    ("a further statement of 10 operations", "s", lambda t: (t["6 expressions"] - t["1 expression"]) / 5),
    ("softmax gradient over its headers", "s", lambda t: t["softmax gradient"] - t["core and gradients"]),
    ("first product over the header", "s", lambda t: t["product"] - t["core"]),
    ("first product, compiled", "s", lambda t: t["product, compiled"] - t["core, compiled"]),
    ("40 operations to 20, header aside", "x", growth),
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


def usable(source, include):
    text = source if "\n" in source or not source else None
    if text is None:
        if not (HERE / source).exists():
            return False
        text = (HERE / source).read_text()
    return all((include / header).exists() for header in re.findall(r"#include <(weft/[^>]+)>", text))


def eigen_of(compiler):
    """Where the compiler's own include folders have Eigen: mlp_eigen.cpp says <Eigen/Core>."""
    said = subprocess.run([compiler, "-E", "-v", "-x", "c++", os.devnull], capture_output=True, text=True).stderr
    roots = [pathlib.Path(line.strip()) for line in said.split("search starts here:")[-1].splitlines()
             if line.startswith(" ")]
    return [flag for root in roots if (root / "eigen3").is_dir() for flag in ("-isystem", str(root / "eigen3"))]


def measure(compiler, programs, flags, options):
    medians, failed = {}, []
    with tempfile.TemporaryDirectory() as folder:
        commands = {}
        for name, (source, definitions) in programs.items():
            if not usable(source, options.include):
                continue
            path = HERE / source
            if not source or "\n" in source:
                path = pathlib.Path(folder) / f"{name}.cpp"
                path.write_text(source)
            where = eigen_of(compiler) if name == UNIT else [f"-I{options.include}"]
            commands[name] = [compiler, "-std=c++20", *flags, *where, *definitions,
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


def measure_all(compilers, programs, flags, options):
    results, broken = {}, False
    for compiler in compilers:
        results[compiler], failed = measure(compiler, programs, flags, options)
        broken = broken or any(name != UNIT for name in failed)  # that one isn't ours
    return results, broken


def applied(cost, medians):
    """A cost, or None where one of its programs isn't there."""
    try:
        return cost({name: median[0] for name, median in medians.items()})
    except KeyError:
        return None


def print_costs(results, options):
    compilers = list(results)
    print(f"{options.flags}, medians of {options.repetitions}\n")
    print(f"{'program':36}" + "".join(f"{c:>20}" for c in compilers))
    for name in PROGRAMS:
        row = [results[c].get(name) for c in compilers]
        print(f"{name:36}" + "".join(f"{f'{r[0]:.2f} s {r[1]:.0f} MiB' if r else '-':>20}" for r in row))
    print(f"\n{'cost':36}" + "".join(f"{c:>20}" for c in compilers) + f"{'at most':>12}")
    for what, unit, bound, cost in COSTS:
        values = [applied(cost, results[c]) for c in compilers]
        cells = ["-" if v is None else f"{v:.2f} {unit}" + (" !" if bound and v > bound else "") for v in values]
        print(f"{what:36}" + "".join(f"{c:>20}" for c in cells) + f"{f'{bound:g} {unit}' if bound else '':>12}")


def print_units(results, options):
    compilers = list(results)
    print(f"{options.unit_flags}, medians of {options.repetitions}: seconds, and units of {UNIT}\n")
    if not all(UNIT in results[c] for c in compilers):
        print(f"no units: no {UNIT_PROGRAMS[UNIT][0]}, or no Eigen for it")
    print(f"{'cost':38}" + "".join(f"{c:>22}" for c in compilers))
    for what, unit, cost in UNIT_COSTS:
        cells = []
        for compiler in compilers:
            value, whole = applied(cost, results[compiler]), applied(lambda t: t[UNIT], results[compiler])
            in_units = f"{value / whole:8.3f} u" if value is not None and whole and unit == "s" else " " * 10
            cells.append("-" if value is None else f"{value:.2f} {unit}{in_units}")
        print(f"{what:38}" + "".join(f"{c:>22}" for c in cells))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repetitions", type=int, default=5)
    options.add_argument("--compilers", default="g++ clang++")
    options.add_argument("--flags", default="-O2 -march=native", help="of the first table")
    options.add_argument("--unit-flags", default="-O2", help="of the table in units; -w is added")
    options.add_argument("--only", choices=["costs", "units"], help="one of the two tables")
    options.add_argument("--include", type=pathlib.Path, default=INCLUDE, help="another tree's include folder")
    options.add_argument("--json", type=pathlib.Path, help="keep the medians in this file")
    options = options.parse_args()
    compilers = [c for c in options.compilers.split() if shutil.which(c)]
    kept, broken = {}, False
    if options.only != "units":
        kept["costs"], wrong = measure_all(compilers, PROGRAMS, options.flags.split(), options)
        print_costs(kept["costs"], options)
        broken = broken or wrong
    if options.only != "costs":
        if len(kept):
            print()
        kept["units"], wrong = measure_all(compilers, UNIT_PROGRAMS, [*options.unit_flags.split(), "-w"], options)
        print_units(kept["units"], options)
        broken = broken or wrong
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1))
    sys.exit(1 if broken or not compilers else 0)


if __name__ == "__main__":
    main()
