#!/usr/bin/env python3
"""Which functions of a program can run when code built for the oldest processor calls, and do they need a newer one?

    reach.py program base.o main.o ...

The roots are all functions that the given objects define or refer to. From a function one gets to each function that
it calls, jumps to or takes the address of. What is found is the code that the linker chose, whatever unit it came
from. Functions of the library must not contain instructions that need AVX or later; those of std that do are listed,
since no library can keep two units from sharing its user's std::vector.
"""
import collections
import os
import re
import subprocess
import sys

# Everything encoded with VEX or EVEX, and what came between SSE2 and AVX. `tzcnt` is left out: it is how objdump shows
# the `rep bsf` that is right on every processor.
WIDE = re.compile(
    r"^(v(?!err|erw|mcall|mlaunch|mresume|mxoff)\w+|k(mov|or|and|andn|not|xnor|xor|add|shift[lr]|test|unpck)\w*|"
    r"andn|bextr|bls(i|r|msk)|bzhi|mulx|pdep|pext|rorx|s(ar|hl|hr)x|lzcnt|popcnt|movbe)$")
# A function may look at the processor and then use what it has: the C library's start-up code, say.
IGNORED = re.compile(r"^(_init|_fini|_start|__do_global|frame_dummy|register_tm|deregister_tm|_dl_)")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def disassemble(program):
    """name -> (its wide instructions, the names it mentions)"""
    wide, edges = collections.defaultdict(list), collections.defaultdict(set)
    name = None
    for line in run("objdump", "-d", "--no-show-raw-insn", program).splitlines():
        if m := re.match(r"^[0-9a-f]+ <(.+)>:$", line):
            name = m[1]
            edges[name]
        elif m := re.match(r"^\s*[0-9a-f]+:\s+(.*)$", line):
            text = m[1]
            words = text.split()
            while words and words[0] in ("lock", "rep", "repz", "repnz", "notrack", "bnd", "data16", "cs"):
                words = words[1:]
            if words and WIDE.match(words[0]):
                wide[name].append(text)
            for target in re.findall(r"<([^>+]+)(?:\+0x[0-9a-f]+)?>", text):
                edges[name].add(target)
    return wide, edges


def main():
    program, objects = sys.argv[1], sys.argv[2:]
    wide, edges = disassemble(program)
    roots = set()
    for o in objects:
        roots.update(line.split()[-1] for line in run("nm", o).splitlines())
    # Units have functions of one name with internal linkage: the linker keeps all, nm names them alike, so
    # those cannot be told apart. Each calls its own, and what the ones of the base unit call is in its object.
    names = [line.split() for line in run("nm", program).splitlines()]
    local = collections.Counter(n[2] for n in names if len(n) == 3 and n[1] == "t")
    ambiguous = {n for n, times in local.items() if times > 1}

    reached, queue = set(), [r for r in roots if r in edges and r not in ambiguous]
    while queue:
        name = queue.pop()
        if name in reached or IGNORED.match(name):
            continue
        reached.add(name)
        queue.extend(t for t in edges[name] if t in edges and t not in ambiguous)
    if "main" not in reached or len(reached) < 10:
        sys.exit(f"reach.py: only {len(reached)} functions reached: the analysis is broken")

    found = sorted(n for n in reached if wide[n])
    plain = dict(zip(found, run("c++filt", *found).splitlines())) if found else {}
    ours = [n for n in found if not re.match(r"^_ZN?[KV]*S[taisbdo]|^_ZN?K?9__gnu_cxx|^_ZNSt|^_ZSt", n)]
    std = [n for n in found if n not in ours]
    for n in ours:
        print(f"    needs a newer processor: {plain[n]}: {wide[n][0]}")
    for n in std:
        print(f"    of std, shared by the units: {plain[n]}: {wide[n][0]}")
    everywhere = sum(1 for n in wide if wide[n])
    print(f"    {len(reached)} functions reached, {len(ours)} of the library and {len(std)} of std are too new "
          f"({everywhere} such functions in the program)")
    if everywhere == 0:
        sys.exit("reach.py: no wide code at all: the units were not built as they should")
    return 1 if ours or (std and os.environ.get("STD") == "1") else 0


if __name__ == "__main__":
    sys.exit(main())
