#!/usr/bin/env python3
"""Runs a family of benchmarks and prints a table of medians, weft beside its peers.

    python3 bench/report.py build/bench/bench gemm
    python3 bench/report.py build/bench/bench norm --filter softmax --repetitions 11 --threads 2

Benchmarks are named case/peer/parameters. A group (one case, one set of parameters) runs in one process, its
repetitions randomly interleaved, so that a ratio compares what ran under the same conditions. `intrin` is the
hand-tuned loop (where a family has none: `hand`, or weft's own statements one by one, `steps`); the best peer is the
fastest of all others, hand-written loops and repetitions of libraries with other settings (`_stock`) aside. A ratio
above 1 means that weft takes longer. Columns that only some families have:

    over ns        weft's time less the limit's, where it takes less than 20 us: what a statement costs besides its loop
    limit/forward  what the hand-written loop for value and gradient takes to the one for the value alone
    MiB            the most memory that weft held at once beyond its operands, and the same for the limit
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

HAND_WRITTEN = ("hand", "hand_fast", "intrin", "intrin_nt", "xsimd", "forward", "steps")
LIMITS = ("intrin", "hand", "hand_fast", "steps")


def environment(threads):
    result = dict(os.environ, PEERS_THREADS=str(threads), WEFT_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
    flags = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    if re.search(r"\bavx512bw\b", flags):  # OpenBLAS and BLIS don't know every processor that has AVX-512
        result.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
        result.setdefault("BLIS_ARCH_TYPE", "0")
    return result


def parts(name):
    case, _, rest = name.partition("/")
    peer, _, parameters = rest.partition("/")
    return case, peer, parameters


def groups(program, env, wanted):
    listed = subprocess.run([program, "--benchmark_list_tests"], capture_output=True, text=True, env=env, check=True)
    result = {}
    for name in listed.stdout.split():
        case, peer, parameters = parts(name)
        if case != "calib" and re.search(wanted, f"{case}/{parameters}"):
            result.setdefault((case, parameters), []).append(name)
    return result


def run(program, names, env, options, middle=statistics.median):
    """One process; the median time of each benchmark in microseconds (or what `middle` makes of its repetitions), what
    its own check said was wrong, and the peak memory that it counted (`peak_bytes`)."""
    pattern = "^(" + "|".join(re.escape(name).replace("\\/", "/") for name in names) + ")$"
    done = subprocess.run(
        [program, f"--benchmark_filter={pattern}", "--benchmark_format=json",
         "--benchmark_enable_random_interleaving=true",
         f"--benchmark_repetitions={options.repetitions}", f"--benchmark_min_time={options.min_time}"],
        capture_output=True, text=True, env=env)
    if done.returncode != 0 or not done.stdout.strip():
        return {}, {names[0]: f"exit {done.returncode}: {done.stderr.strip()[-300:]}"}, {}
    unit = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}
    times, errors, peaks = {}, {}, {}
    for entry in json.loads(done.stdout)["benchmarks"]:
        if entry.get("run_type") == "aggregate":
            continue
        name = entry["run_name"]
        if entry.get("error_occurred"):
            errors[name] = entry.get("error_message", "error")
            continue
        # Processor time ignores what other work on the machine does, but adds the threads up.
        time = entry["cpu_time" if options.threads == 1 else "real_time"] * unit[entry["time_unit"]]
        times.setdefault(name, []).append(time)
        if "peak_bytes" in entry:
            peaks[name] = max(peaks.get(name, 0), entry["peak_bytes"])
    return {name: middle(values) for name, values in times.items()}, errors, peaks


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for index, row in enumerate(rows):
        cells = [cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip(), flush=True)
        if index == 0:
            print("  ".join("-" * w for w in widths))


def microseconds(time):
    return "" if time is None else f"{time:.3g}" if time < 1000 else f"{time:.0f}"


def ratio(ours, theirs):
    return "" if not ours or not theirs else f"{ours / theirs:.2f}"


def mebibytes(size):
    return "" if size is None else f"{size / 2**20:.3g}"


def without_empty(rows, optional):
    """The table without those columns that are optional and that no row has anything in."""
    keep = [i for i, title in enumerate(rows[0]) if title not in optional or any(row[i] for row in rows[1:])]
    return [[row[i] for i in keep] for row in rows]


def report(program, options):
    env = environment(options.threads)
    rows, everything = [], {}
    for (case, parameters), names in groups(program, env, options.filter).items():
        names = [n for n in names if parts(n)[1].startswith("weft") or (
            re.search(options.peers, parts(n)[1]) and not (options.but and re.search(options.but, parts(n)[1])))]
        ours = [n for n in names if parts(n)[1].startswith("weft")]
        if not names or (not ours and not options.without_weft):
            continue
        times, errors, peaks = run(program, names, env, options)
        for name, message in errors.items():
            print(f"{name}: {message}", file=sys.stderr)
        everything.update(times)
        by_peer = {parts(name)[1]: time for name, time in times.items()}
        peak_of = {parts(name)[1]: size for name, size in peaks.items()}
        limit = next((p for p in LIMITS if p in by_peer), None)
        general = {p: t for p, t in by_peer.items()
                   if p not in HAND_WRITTEN and not p.startswith("weft") and not p.endswith("_stock")}
        best = min(general, key=general.get, default=None)
        for mine in sorted(p for p in by_peer if p.startswith("weft")) or [None]:
            time = by_peer.get(mine)
            label = f"{case}/{parameters}" + (f" ({mine})" if mine not in (None, "weft") else "")
            small = limit and time and time < 20
            rows.append([label, microseconds(time),
                         microseconds(by_peer.get(limit)), limit or "", ratio(time, by_peer.get(limit)),
                         f"{1000 * (time - by_peer[limit]):.0f}" if small else "",
                         ratio(by_peer.get(limit), by_peer.get("forward")),
                         microseconds(general.get(best)), best or "", ratio(time, general.get(best)),
                         mebibytes(peak_of.get(mine)), mebibytes(peak_of.get(limit))])
        if sys.stderr.isatty():
            print(f"\r{len(rows)} groups\r", end="", file=sys.stderr)
    if rows:
        titles = ["case", "weft us", "limit us", "limit", "weft/limit", "over ns", "limit/forward",
                  "peer us", "best peer", "weft/peer", "weft MiB", "limit MiB"]
        table(without_empty([titles] + rows, titles[5:]))
    return everything


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=pathlib.Path, help="where the programs are")
    options.add_argument("family")
    options.add_argument("--filter", default="", help="only groups case/parameters that match")
    options.add_argument("--peers", default="", help="only peers that match (weft always runs)")
    options.add_argument("--but", default="", help="no peers that match, e.g. packed: operands laid out beforehand")
    options.add_argument("--repetitions", type=int, default=7)
    options.add_argument("--min-time", default="0.03", help="seconds a repetition")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--without-weft", action="store_true", help="also groups that weft has no part in")
    options.add_argument("--json", type=pathlib.Path, help="keep the medians (microseconds) in this file")
    options = options.parse_args()
    programs = [p for p in (options.folder / f"{kind}_{options.family}" for kind in ("own", "peers")) if p.exists()]
    if not programs:
        sys.exit(f"{options.family}: no such family is built in {options.folder}")
    medians = {}
    for program in programs:
        medians.update(report(str(program), options))
    if options.json:
        options.json.write_text(json.dumps(medians, indent=1))
    if not medians:
        sys.exit("nothing was measured: nothing matches, or weft has no part in it (--without-weft)")


if __name__ == "__main__":
    main()
