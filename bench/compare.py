#!/usr/bin/env python3
"""Two source trees, the same benchmarks: what became faster or slower.

    python3 bench/compare.py ../before . norm backward
    python3 bench/compare.py ../before . elementwise --filter "f32/n=(1K|64K)" --rounds 5 --threads 2

The new tree's benchmarks are compiled twice, against the old tree's headers and against the new one's, with the flags
of `./run bench`; where they don't compile with the old headers, --old-sources takes the old tree's own. A group (one
case, one set of parameters) runs with both programs in turn, a few rounds, in changing order. A figure is the ratio to
the limit of its own run, of the fastest repetitions: the hand-written loop, or the library that a family is held
against. So a slow moment of the machine, which touches both, counts little. A group without a limit compares times.

The table has the medians of the rounds. `<` marks what was more than 7 % worse in two rounds of three, also when the
rounds were run once more; the exit status is then 1. `>` is as much better.
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import report  # noqa: E402

# The first that a group has is its limit. The better ones come first (`hand` of gemm is three plain loops); "forward"
# and "steps" are no limits.
LIMITS = ("intrin", "openblas", "onednn", "manual_openblas", "hand", "hand_fast", "eigen")


def project(folder, sources, include):
    """A source tree of links: everything of `sources`, but for the headers."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("CMakeLists.txt", "CMakePresets.json", "cmake", "bench", "include"):
        link = folder / name
        if link.is_symlink():
            link.unlink()
        link.symlink_to((include if name == "include" else sources) / name)
    return folder


def build(which, tree, families, options):
    log = options.build / f"{which}.log"
    folder = options.build / which
    sources = project(options.build / f"{which}-tree", *tree)
    peers = [f"-DWEFT_BENCH_PEERS={options.peers}"] if options.peers else []
    shared = [f"-DWEFT_SHARED_DIR={options.shared}"]
    targets = [f"bench_{f}" for f in families]
    commands = [["cmake", "-S", str(sources), "-B", str(folder), "--preset", "bench", *peers, *shared],
                ["cmake", "--build", str(folder), "-j", str(options.jobs), "--target", *targets]]
    with log.open("w") as out:
        for command in commands:
            print(f"{which}: {' '.join(command[:2])} ...", file=sys.stderr)
            if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=sources).returncode:
                said = [x for x in log.read_text().splitlines() if re.search(r"rror|unknown target", x)]
                sys.exit(f"the {which} tree does not build (all of it: {log}):\n" + "\n".join(said[:20]))
    return folder / "bench"


def programs(folder, family):
    return [p for p in (folder / f"{kind}_{family}" for kind in ("own", "peers")) if p.exists()]


def one_round(program, names, env, options):
    """Figures of weft's benchmarks in one run: their ratio to the limit's time, or their time in microseconds."""
    times, errors, _ = report.run(str(program), names, env, options, min)
    for name, message in errors.items():
        print(f"{name}: {message}", file=sys.stderr)
    by_peer = {report.parts(name)[1]: time for name, time in times.items()}
    limit = next((by_peer[p] for p in LIMITS if p in by_peer), None)
    return {peer: (time / limit if limit else time) for peer, time in by_peer.items() if peer.startswith("weft")}


def changed(changes, percent):
    """"<" where two of three changes are worse by more than that, ">" where they are better."""
    enough = (2 * len(changes) + 2) // 3
    if sum(c > percent / 100 for c in changes) >= enough:
        return "<"
    return ">" if sum(1 / (1 + c) > 1 + percent / 100 for c in changes) >= enough else ""


def rounds(both, env, options):
    """Figures of weft's benchmarks: {peer: [(old, new) of each round]}."""
    result = {}
    for turn in range(options.rounds):
        figures = [None, None]
        for which in (0, 1) if turn % 2 == 0 else (1, 0):
            figures[which] = one_round(*both[which], env, options)
        for peer, new in figures[1].items():
            if peer in figures[0]:
                result.setdefault(peer, []).append((figures[0][peer], new))
    return result


def compare(family, old_folder, new_folder, options):
    env = report.environment(options.threads)
    rows, worse = [], 0
    for old, new in zip(programs(old_folder, family), programs(new_folder, family)):
        there = report.groups(str(old), env, options.filter)
        for (case, parameters), names in report.groups(str(new), env, options.filter).items():
            peers = {report.parts(name)[1]: name for name in names}
            limit = next((p for p in LIMITS if p in peers), None)
            known = set(there.get((case, parameters), []))
            wanted = [n for p, n in peers.items() if n in known and (p.startswith("weft") or p == limit)]
            if not any(report.parts(name)[1].startswith("weft") for name in wanted):
                continue
            both = [(old, wanted), (new, wanted)]
            figures = rounds(both, env, options)
            marks = {p: changed([n / o - 1 for o, n in f], options.percent) for p, f in figures.items()}
            if "<" in marks.values():  # seen twice, or it was something else on the machine
                for peer, more in rounds(both, env, options).items():
                    figures[peer] += more
            for peer, pairs in figures.items():
                changes = [n / o - 1 for o, n in pairs]
                mark = changed(changes, options.percent)
                worse += mark == "<"
                before, after = (statistics.median(p[i] for p in pairs) for i in (0, 1))
                label = f"{case}/{parameters}" + (f" ({peer})" if peer != "weft" else "")
                rows.append([label, limit or "us", f"{before:.3f}", f"{after:.3f}",
                             f"{100 * (after / before - 1):+.1f}", " ".join(f"{100 * c:+.0f}" for c in changes), mark])
            if sys.stderr.isatty():
                print(f"\r{family}: {len(rows)}\r", end="", file=sys.stderr)
    if rows:
        print(f"\n{family}, {options.threads} thread(s), {options.rounds} rounds")
        report.table([["case", "limit", "old", "new", "percent", "rounds", ""]] + rows)
    else:
        print(f"\n{family}: no group is in both programs and matches")
    return worse


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("old", type=pathlib.Path, help="source tree before")
    options.add_argument("new", type=pathlib.Path, help="source tree after")
    options.add_argument("families", nargs="+")
    options.add_argument("--filter", default="", help="only groups case/parameters that match")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--repetitions", type=int, default=5, help="a round and program")
    options.add_argument("--min-time", default="0.03", help="seconds a repetition")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--percent", type=float, default=7, help="what is marked")
    options.add_argument("--peers", default="intrin;hand;blas;eigen", help="what is built beside weft")
    options.add_argument("--build", type=pathlib.Path, help="where to build (default: build/compare of the new tree)")
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--old-sources", action="store_true", help="old headers with the old tree's own benchmarks")
    options = options.parse_args()
    options.old, options.new = options.old.resolve(), options.new.resolve()
    options.build = (options.build or options.new / "build" / "compare").resolve()
    options.build.mkdir(parents=True, exist_ok=True)
    options.shared = (options.new.parent / "shared").resolve()
    old_tree = (options.old if options.old_sources else options.new, options.old)
    old = build("old", old_tree, options.families, options)
    new = build("new", (options.new, options.new), options.families, options)
    worse = sum(compare(family, old, new, options) for family in options.families)
    print(f"\n{worse} worse by more than {options.percent:g} % in two rounds of three" if worse
          else f"\nnothing is worse by more than {options.percent:g} % in two rounds of three")
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
