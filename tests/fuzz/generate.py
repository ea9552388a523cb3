#!/usr/bin/env python3
"""Writes programs of random weft statements, each with the same statement as data for the reference.

    generate.py <folder> --seed 1 --program maps --statements 40 [--kind maps|rows|types|products|targets|gradients] [--small-blocks]
    generate.py <folder> --seed 1 --set short|long       the programs of a test run; prints their names

The same arguments give the same files on every machine. A file is written only if it changes.

A statement is made of the expressions below; each carries its C++ text, its tree (see reference.hpp), its element type
and its axes as symbols (m, n, .. get sizes at run time; '1' is an axis of one element by its making).
"""
import argparse
import os
import random
import struct
import sys

# Statements that a compiler fails at, by name, with the reason. (Not weft's mistakes: nothing to be tested.)
EXCLUDED = {
    'types_1_2': 'GCC 12 -O1 with AVX-512: internal error in curr_insn_transform (where of int32 by a comparison of another width)',
}

INTS = ['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64']
FLOATS = ['f32', 'f64']
CPP = {'b': 'bool', 'u8': 'weft::uint8', 'u16': 'weft::uint16', 'u32': 'weft::uint32', 'u64': 'weft::uint64',
       'i8': 'weft::int8', 'i16': 'weft::int16', 'i32': 'weft::int32', 'i64': 'weft::int64', 'f32': 'float', 'f64': 'double'}
SIZE = {'b': 1, 'u8': 1, 'u16': 2, 'u32': 4, 'u64': 8, 'i8': 1, 'i16': 2, 'i32': 4, 'i64': 8, 'f32': 4, 'f64': 8}


def kind(t):
    return 0 if t == 'b' else 2 if t in FLOATS else 1


def promote(a, b):
    if a == b:
        return a
    if kind(a) != kind(b):
        return a if kind(a) > kind(b) else b
    if kind(a) == 2:
        return 'f64'
    if a[0] == b[0]:
        return a if SIZE[a] > SIZE[b] else b
    s, u = (a, b) if a[0] == 'i' else (b, a)
    if SIZE[u] < SIZE[s]:
        return s
    return {'u8': 'i16', 'u16': 'i32', 'u32': 'i64', 'u64': 'f32'}[u]


def weak(literal_kind, t):
    if literal_kind <= kind(t):
        return t
    return 'i32' if literal_kind == 1 else 'f32'


def sum_type(t):
    if kind(t) == 2 or SIZE[t] == 8:
        return t
    return 'u32' if t[0] == 'u' else 'i32'


def float_type(t):
    return t if kind(t) == 2 else 'f32'


def holds(to, what):
    return to == what or (kind(to) == kind(what) and promote(to, what) == to)


def broadcast(*dims):
    """The joint shape, or None."""
    rank = max(len(d) for d in dims)
    r = []
    for i in range(1, rank + 1):
        here = {d[-i] for d in dims if len(d) >= i} - {'1'}
        if len(here) > 1:
            return None
        r.append(here.pop() if here else '1')
    return tuple(reversed(r))


class E:
    def __init__(self, text, tree, t, dims, cost=1):
        self.text, self.tree, self.t, self.dims, self.cost = text, tree, t, tuple(dims), cost


FLOATING = ['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tanh', 'erf', 'sigmoid', 'gelu', 'sqrt', 'rsqrt']
PROMOTING = ['neg', 'square', 'abs', 'relu', 'floor', 'ceil', 'trunc', 'round']
BINARY = {'add': '+', 'sub': '-', 'mul': '*', 'div': '/'}
COMPARE = {'lt': '<', 'le': '<=', 'gt': '>', 'ge': '>=', 'eq': '==', 'ne': '!='}
ARITHMETIC_REDUCTIONS = ['sum', 'sum', 'mean', 'max', 'min', 'prod']


class Statement:
    def __init__(self, rng, themes, what, gradient=False):
        self.rng, self.themes, self.what, self.gradient = rng, themes, what, gradient
        self.tensors = []      # (spec word, type, axes)
        self.spans = self.indices = self.lets = 0
        self.cells = []        # named values in scope
        self.shared = []       # accesses to targets
        self.pool = []         # leaves made so far
        self.symbols = {}
        self.nested = False    # a row program over what is a value a row itself

    # -- leaves ------------------------------------------------------------------------------------------------
    def type(self):
        return self.rng.choice(self.themes)

    def tensor(self, t, axes, word='in'):
        self.tensors.append((word, t, axes))
        for a in axes:
            if ':' in a:
                self.symbols[a[2:]] = True
        return len(self.tensors) - 1

    def span(self):
        self.spans += 1
        return self.spans - 1

    def name(self, i):
        return 'abcdefghijklmnopqrstuvwxyz'[i]

    def storage(self, i):
        return E(self.name(i), f'(S:{self.tensors[i][1]} {i})', self.tensors[i][1], ())

    def look(self, i, axes, words, texts, dims):
        """A view of tensor i, or of an expression."""
        s = self.storage(i)
        return E(f'{s.text}({", ".join(texts)})', f'(ix:{s.t} {",".join(words)} {s.tree})', s.t, dims)

    def leaf(self, dims, t=None):
        r = self.rng
        t = t or self.type()
        if self.pool and r.random() < 0.3:
            same = [e for e in self.pool if e.dims == tuple(dims) and e.t == t]
            if same:
                return r.choice(same)
        way = r.random()
        axes = [d if d == '1' else 'x:' + d for d in dims]
        if len(dims) == 0 or way < 0.6:
            i = self.tensor(t, axes)
            s = self.storage(i)
            lent = len(dims) > 0 and not self.gradient and r.random() < 0.08
            e = E(f'fuzz::lent({s.text})' if lent else s.text, s.tree, t, dims)
        elif way < 0.74:  # a part of something larger, by steps of either sign
            wide = [d != '1' and r.random() < 0.6 for d in dims]
            if not any(wide):
                wide = [d != '1' for d in dims]
            i = self.tensor(t, [('w:' + d if w else d if d == '1' else 'x:' + d) for d, w in zip(dims, wide)])
            words, texts = [], []
            for d, w in zip(dims, wide):
                if w:
                    n = self.span()
                    words.append(f'r{n}:{d}')
                    texts.append(f'V[{n}]')
                else:
                    words.append('a')
                    texts.append('all')
            e = self.look(i, None, words, texts, dims)
        elif way < 0.86 and len(dims) > 1:
            order = list(range(len(dims)))
            while order == list(range(len(dims))):
                r.shuffle(order)
            if order == list(reversed(range(len(dims)))):
                i = self.tensor(t, [axes[k] for k in reversed(range(len(dims)))])
                s = self.storage(i)
                e = E(f'transpose({s.text})', f'(perm:{t} {",".join(map(str, order))} {s.tree})', t, dims)
            elif len(dims) == 3 and r.random() < 0.5:  # one axis to another place
                p, q = r.sample(range(3), 2)
                order = [k for k in range(3) if k != p]
                order.insert(q, p)  # own axis k is the tensor's axis order[k]
                kept = [None] * 3
                for k in range(3):
                    kept[order[k]] = axes[k]
                i = self.tensor(t, kept)
                s = self.storage(i)
                text = f'moveaxis<{p}, {q}>({s.text})' if r.random() < 0.6 else f'moveaxis({s.text}, same({p}), {q})'
                e = E(text, f'(perm:{t} {",".join(map(str, order))} {s.tree})', t, dims)
            else:  # swap two axes
                p, q = r.sample(range(len(dims)), 2)
                order = list(range(len(dims)))
                order[p], order[q] = q, p
                i = self.tensor(t, [axes[k] for k in order])
                s = self.storage(i)
                text = f'swapaxes<{p}, {q}>({s.text})' if r.random() < 0.6 else f'swapaxes({s.text}, same({p}), {q})'
                e = E(text, f'(perm:{t} {",".join(map(str, order))} {s.tree})', t, dims)
        elif '1' in dims:  # an axis put in
            i = self.tensor(t, [a for a, d in zip(axes, dims) if d != '1'])
            if all(d == '1' for d in dims):
                s = self.storage(i)
                e = E(s.text, s.tree, t, ())
            else:
                e = self.look(i, None, ['N' if d == '1' else 'a' for d in dims], ['newaxis' if d == '1' else 'all' for d in dims], dims)
        else:  # one of several
            at = r.randrange(len(dims) + 1)
            extra = r.choice(['p', 'q'])
            i = self.tensor(t, axes[:at] + ['x:' + extra] + axes[at:])
            n = self.indices
            self.indices += 1
            words = ['a'] * len(dims)
            texts = ['all'] * len(dims)
            words.insert(at, f'i{n}')
            texts.insert(at, f'I[{n}]')
            e = self.look(i, None, words, texts, dims)
        self.pool.append(e)
        return e

    def partial(self, dims):
        """Some of the axes: what broadcasts against `dims`."""
        r = self.rng
        d = list(dims)
        way = r.random()
        if way < 0.55 or not d:
            return tuple(d)
        if way < 0.75:
            return tuple(d[r.randrange(len(d) + 1):])
        return tuple('1' if r.random() < 0.45 else x for x in d)

    def operand(self, dims):
        r = self.rng
        fits = [c for c in self.cells if broadcast(c.dims, dims) == tuple(dims)]
        if fits and r.random() < 0.55:
            return r.choice(fits[-3:])
        mine = [c for c in self.shared if broadcast(c.dims, dims) == tuple(dims)]
        if mine and r.random() < 0.5:
            return r.choice(mine)
        return self.leaf(self.partial(dims))

    def literal(self, t):
        """A number beside type t: its text, its tree, its type."""
        r = self.rng
        if kind(t) == 2:
            if r.random() < 0.3:
                v = r.choice([1, 2, 3, 4])
                return str(v), f'(lit:{t} {v})', t
            v, text = r.choice([(0.5, '0.5'), (0.25, '0.25'), (1.5, '1.5'), (-1.0, '-1.0'), (2.0, '2.0'), (0.1, '0.1'), (0.3, '0.3f'), (-0.75, '-0.75f'), (3.0, '3.0f')])
            if text.endswith('f'):
                v = struct.unpack('f', struct.pack('f', v))[0]
            if t == 'f32':
                v = struct.unpack('f', struct.pack('f', v))[0]
            return text, f'(lit:{t} {v!r})', t
        if r.random() < 0.2 and not self.gradient:
            v = r.choice([0.5, 1.5, 2.0, 0.25])
            return repr(v), f'(lit:f32 {v!r})', 'f32'
        v = r.choice([1, 2, 3, 5, 7]) if t in ('b',) or t[0] == 'u' else r.choice([1, 2, 3, -1, -2, 7, 100])
        u = weak(1, t)
        return str(v), f'(lit:{u} {v})', u

    # -- maps --------------------------------------------------------------------------------------------------
    def un(self, op, x):
        t = float_type(x.t) if op in FLOATING else x.t
        if op == 'not':
            return E(f'!{x.text}' if x.text[-1] == ')' and x.text[0] == '(' else f'!({x.text})', f'(not:b {x.tree})', 'b', x.dims, x.cost + 1)
        if op == 'isnan':
            return E(f'isnan({x.text})', f'(isnan:b {x.tree})', 'b', x.dims, x.cost + 1)
        text = f'-({x.text})' if op == 'neg' else f'{op}({x.text})'
        return E(text, f'({op}:{t} {x.tree})', t, x.dims, x.cost + (3 if op in FLOATING else 1))

    def cast(self, t, x):
        return E(f'cast<{CPP[t]}>({x.text})', f'(cast:{t} {x.tree})', t, x.dims, x.cost + 1)

    def bin(self, op, x, y):
        """Either may be a literal: a tuple (text, tree, type)."""
        def parts(e):
            return (e.text, e.tree, e.t, e.dims, e.cost) if isinstance(e, E) else (e[0], e[1], e[2], (), 0)
        (xt, xs, a, xd, xc), (yt, ys, b, yd, yc) = parts(x), parts(y)
        dims = broadcast(xd, yd)
        assert dims is not None, (xd, yd, xt, yt)
        t = promote(a, b)
        if op == 'div':
            t = float_type(t)
        if op in COMPARE or op in ('and', 'or'):
            t = 'b'
        if op in BINARY:
            text = f'({xt} {BINARY[op]} {yt})'
        elif op in COMPARE:
            text = f'({xt} {COMPARE[op]} {yt})'
        elif op in ('and', 'or'):
            text = f'({xt} {"&&" if op == "and" else "||"} {yt})'
        else:
            text = f'{op}({xt}, {yt})'
        return E(text, f'({op}:{t} {xs} {ys})', t, dims, xc + yc + 1)

    def where(self, c, x, y):
        dims = broadcast(c.dims, x.dims, y.dims if isinstance(y, E) else ())
        yt, ys, b = (y.text, y.tree, y.t) if isinstance(y, E) else y
        t = promote(x.t, b)
        return E(f'where({c.text}, {x.text}, {yt})', f'(where:{t} {c.tree} {x.tree} {ys})', t, dims, c.cost + x.cost + 2)

    # -- reductions --------------------------------------------------------------------------------------------
    def axes_words(self, rank, axes, keep, runtime):
        """The arguments after the operand."""
        if len(axes) == rank and not keep and self.rng.random() < 0.6:
            return ''
        if runtime and len(axes) == 1:
            a = axes[0] if self.rng.random() < 0.5 else axes[0] - rank
            return f', same({a})' + (', keepdims' if keep else '')
        shown = [a if self.rng.random() < 0.5 else a - rank for a in axes]
        self.rng.shuffle(shown)
        return f', axis<{", ".join(map(str, shown))}>' + (', keepdims' if keep else '')

    def reduce(self, op, x, axes, keep, runtime=False):
        rank = len(x.dims)
        axes = sorted(axes)
        word = ''.join(map(str, axes)) + ('k' if keep else '')
        dims = tuple('1' if i in axes else d for i, d in enumerate(x.dims)) if keep else tuple(d for i, d in enumerate(x.dims) if i not in axes)
        args = self.axes_words(rank, axes, keep, runtime)
        word = word or '-'
        k = 'k' if keep else ''
        number = ''.join(map(str, axes))
        if op in ('logsumexp', 'var', 'stddev'):
            t = float_type(x.t)
            u = self.lets
            self.lets += 3
            name = [f'(cell:{x.t} {u})', f'(cell:{x.t} {u + 1})', f'(cell:{x.t} {u + 2})']
            if op == 'logsumexp':
                big = '3.4028234663852885981170418348451692544e38' if t == 'f32' else '1.79769313486231570814527423731704357e308'
                mt = promote(x.t, t)
                top, m = f'(cell:{x.t} {u + 1})', f'(cell:{mt} {u + 2})'
                lim = promote(x.t, t)
                inner = (f'(let:{t} {u} {x.tree} (let:{t} {u + 1} (max:{x.t} {number}k {name[0]}) (let:{t} {u + 2} '
                         f'(where:{mt} (le:b (abs:{x.t} {top}) (lit:{lim} {big})) {top} (lit:{t} 0)) '
                         f'(add:{t} (log:{t} (sum:{t} {number}k (exp:{t} (sub:{mt} {name[0]} {m})))) {m}))))')
                tree = inner if keep else self.squeezed(inner, t, x.dims, axes)
                return E(f'logsumexp({x.text}{args})', tree, t, dims, x.cost + 8)
            less = self.rng.choice([0, 0, 0, 1])
            centred = f'(cell:{t} {u + 1})'
            inner = (f'(let:{t} {u} {x.tree} (let:{t} {u + 1} (sub:{t} {name[0]} (mean:{t} {number}k {name[0]})) '
                     f'(div:{t} (sum:{t} {number}k (square:{t} {centred})) (size:{t} {less} {number} {name[0]}))))')
            if op == 'stddev':
                inner = f'(sqrt:{t} {inner})'
            tree = inner if keep else self.squeezed(inner, t, x.dims, axes)
            return E(f'{op}({x.text}{args}{", ddof(1)" if less else ""})', tree, t, dims, x.cost + 6)
        t = {'sum': sum_type, 'prod': sum_type, 'mean': float_type, 'max': lambda a: a, 'min': lambda a: a,
             'any': lambda a: 'b', 'all': lambda a: 'b', 'argmax': lambda a: 'i64', 'argmin': lambda a: 'i64'}[op](x.t)
        return E(f'{"weft::all" if op == "all" else op}({x.text}{args})', f'({op}:{t} {word} {x.tree})', t, dims, x.cost + 2)

    def squeezed(self, tree, t, dims, axes):
        """Axes that were kept, dropped: a sum over what is one element changes nothing... but rounding, so by index."""
        n = []
        for i in range(len(dims)):
            n.append(f'D' if i in axes else 'a')
        return f'(ix:{t} {",".join(n)} {tree})'

    def softmax(self, op, x, axis, runtime):
        t = float_type(x.t)
        rank = len(x.dims)
        several = rank > 1 and self.rng.random() < 0.12
        if several:
            axes = sorted(self.rng.sample(range(rank), self.rng.randint(2, rank)))
            axis = ''.join(map(str, axes))
        u = self.lets
        self.lets += 2
        v, w = f'(cell:{t} {u})', f'(cell:{t} {u + 1})'
        x_tree = x.tree if x.t == t else f'(cast:{t} {x.tree})'
        top = f'(sub:{t} {v} (max:{t} {axis}k {v}))'
        if op == 'softmax':
            tree = f'(let:{t} {u} {x_tree} (let:{t} {u + 1} (exp:{t} {top}) (div:{t} {w} (sum:{t} {axis}k {w}))))'
        else:
            tree = f'(let:{t} {u} {x_tree} (let:{t} {u + 1} {top} (sub:{t} {w} (log:{t} (sum:{t} {axis}k (exp:{t} {w}))))))'
        if several:
            args = f', axis<{", ".join(map(str, axes))}>'
        elif axis == rank - 1 and self.rng.random() < 0.5:
            args = ''
        elif runtime:
            args = f', same({axis})'
        else:
            args = f', axis<{axis if self.rng.random() < 0.5 else axis - rank}>'
        return E(f'{op}({x.text}{args})', tree, t, x.dims, x.cost + 7)

    def let(self, definition, body_of):
        u = self.lets
        self.lets += 1
        name = f'c{u}'
        cell = E(name, f'(cell:{definition.t} {u})', definition.t, definition.dims, 0)
        self.cells.append(cell)
        body = body_of(cell)
        self.cells.remove(cell)
        return E(f'let({definition.text}, [&](auto const& {name}) {{ return {body.text}; }})',
                 f'(let:{body.t} {u} {definition.tree} {body.tree})', body.t, body.dims, definition.cost + body.cost)

    # -- products ----------------------------------------------------------------------------------------------
    def matmul(self, x, y):
        t = promote(x.t, y.t)
        dims = x.dims[:-1] + (y.dims[1:] if len(y.dims) == 2 else ())
        return E(f'matmul({x.text}, {y.text})', f'(matmul:{t} {x.tree} {y.tree})', t, dims, x.cost + y.cost + 12)

    def floating(self, x):
        if kind(x.t) == 2:
            return x
        return self.cast(self.rng.choice(['f32', 'f32', 'f64']), x)

    def fresh_symbol(self, dims):
        free = [s for s in ('m', 'n', 'k', 'l') if s not in dims]
        return self.rng.choice(free)

    # -- expressions -------------------------------------------------------------------------------------------
    def full(self, dims, budget):
        """An expression of exactly these axes."""
        dims = tuple(dims)
        e = self.expr(dims, budget)
        if e.dims != dims:
            e = self.join(e, self.exact_leaf(dims))
        return e

    def exact_leaf(self, dims):
        for _ in range(20):
            e = self.leaf(dims)
            if e.dims == tuple(dims):
                return e
        i = self.tensor(self.type(), [d if d == '1' else 'x:' + d for d in dims])
        s = self.storage(i)
        return E(s.text, s.tree, s.t, dims)

    def join(self, x, y):
        op = self.rng.choice(['add', 'mul', 'sub', 'maximum'] if not self.gradient else ['add', 'mul', 'sub'])
        return self.bin(op, x, y)

    def condition(self, dims, budget):
        r = self.rng
        way = r.random()
        x = self.expr(dims, budget // 2)
        if way < 0.5:
            y = self.literal(x.t) if r.random() < 0.5 else self.expr(dims, (budget - 1) // 2)
            return self.bin(r.choice(list(COMPARE)), x, y)
        if way < 0.65:
            return self.bin(r.choice(['and', 'or']), self.condition(dims, budget // 2 - 1) if budget > 2 else x, self.expr(dims, budget // 3))
        if way < 0.75:
            return self.un('not', x)
        if way < 0.85:
            return self.un('isnan', x)
        return x if x.t == 'b' else self.bin('gt', x, self.literal(x.t))

    def expr(self, dims, budget):
        r = self.rng
        dims = tuple(dims)
        if budget <= 0:
            return self.operand(dims)
        ways = [('un', 22), ('bin', 36)]
        if not self.gradient:
            ways += [('where', 7), ('condition', 4), ('cast', 5)]
        else:
            ways += [('where', 3)]
        ways += [('clip', 3)]
        w = self.what
        if dims and w != 'maps':
            ways += [('keep', 14), ('soft', 6), ('let', 10)]
        elif dims:
            ways += [('keep', 3), ('let', 5)]
        if len(dims) <= 2:
            ways += [('drop', {'maps': 3, 'rows': 14}.get(w, 8))]
        if len(dims) in (1, 2) and w in ('products', 'gradients') and '1' not in dims:
            ways += [('product', 22 if w == 'products' else 12)]
        if len(dims) >= 1 and '1' not in dims:
            ways += [('view', 5)]
        way = r.choices([a for a, _ in ways], [b for _, b in ways])[0]
        return getattr(self, 'make_' + way)(dims, budget)

    def make_un(self, dims, budget):
        r = self.rng
        x = self.expr(dims, budget - 1)
        if self.gradient:
            op = r.choice(['exp', 'log', 'sin', 'cos', 'tanh', 'erf', 'sigmoid', 'gelu', 'sqrt', 'rsqrt', 'neg', 'square', 'abs', 'relu', 'silu', 'expm1', 'log1p', 'tanh'])
        else:
            op = r.choice(FLOATING + PROMOTING + PROMOTING + ['silu', 'neg', 'square', 'relu'])
        safe = self.gradient or r.random() < 0.75
        if x.t == 'b' and op in ('abs', 'relu', 'neg', 'square'):
            op = 'sqrt'
        if kind(x.t) < 2 and op in FLOATING and r.random() < 0.5:
            op = r.choice(['neg', 'square', 'abs', 'relu'])
            if x.t == 'b':
                return self.un('not', x)
        if safe and kind(x.t) == 2:
            if op in ('log', 'rsqrt', 'sqrt'):
                half = ('0.5', f'(lit:{x.t} 0.5)', x.t)
                x = self.bin('add', self.un(r.choice(['square', 'square', 'abs'] if self.gradient else ['abs', 'square']), x), half)
            elif op == 'log1p':
                x = self.un('square', x)
            elif op in ('exp', 'expm1') and (self.gradient or r.random() < 0.6):
                x = self.un(r.choice(['sin', 'tanh']), x) if self.gradient or r.random() < 0.5 else self.un('neg', self.un('abs', x))
            elif op == 'square' and self.gradient:
                x = self.un('sin', x)
        if op == 'silu':
            if kind(x.t) != 2:
                return self.un('sqrt', x)
            n = self.lets
            self.lets += 1
            cell = f'(cell:{x.t} {n})'
            return E(f'silu({x.text})', f'(let:{x.t} {n} {x.tree} (mul:{x.t} {cell} (sigmoid:{x.t} {cell})))', x.t, x.dims, x.cost + 4)
        return self.un(op, x)

    def make_bin(self, dims, budget):
        r = self.rng
        x = self.expr(dims, (budget - 1) // 2 + r.choice([0, 0, 1]) if budget > 1 else 0)
        ops = ['add', 'add', 'sub', 'sub', 'mul', 'mul', 'mul', 'div', 'maximum', 'minimum']
        op = r.choice(ops)
        if r.random() < 0.25:
            y = self.literal(x.t)
            if op == 'div' and r.random() < 0.5 and kind(x.t) == 2:
                return self.bin('div', y, self.bin('add', self.un('square', x), ('1', f'(lit:{x.t} 1)', x.t)))
            pair = (x, y) if r.random() < 0.7 else (y, x)
            if op == 'div' and pair[0] is y and kind(x.t) == 2:
                pair = (x, y)
            return self.bin(op, *pair)
        y = self.expr(dims, budget // 2)
        if op == 'div' and (self.gradient or r.random() < 0.7) and kind(y.t) == 2:
            y = self.bin('add', self.un('square' if self.gradient else 'abs', y), ('1', f'(lit:{y.t} 1)', y.t))
        return self.bin(op, x, y)

    def make_where(self, dims, budget):
        c = self.condition(dims, (budget - 1) // 2)
        x = self.expr(dims, budget // 2 - 1)
        if self.rng.random() < 0.3:
            return self.where(c, x, self.literal(x.t))
        return self.where(c, x, self.expr(dims, budget // 2 - 1))

    def make_condition(self, dims, budget):
        return self.condition(dims, budget - 1)

    def make_cast(self, dims, budget):
        r = self.rng
        x = self.expr(dims, budget - 1)
        to = r.choice(self.themes + ['f32', 'i32', 'f64', 'u8', 'i16'])
        if kind(x.t) == 2 and kind(to) == 1:
            x = self.un(r.choice(['floor', 'round', 'trunc']), x) if r.random() < 0.7 else x
        return self.cast(to, x)

    def make_clip(self, dims, budget):
        x = self.expr(dims, budget - 1)
        if x.t == 'b':
            return x
        low, high = ('-1', '2') if kind(x.t) == 1 and x.t[0] == 'i' else ('1', '9') if kind(x.t) == 1 else self.rng.choice([('-1', '0.5'), ('-0.75', '1'), ('0', '1.5')])
        t = x.t
        return E(f'clip({x.text}, {low}, {high})', f'(minimum:{t} (maximum:{t} {x.tree} (lit:{t} {low})) (lit:{t} {high}))', t, x.dims, x.cost + 2)

    def pick_axes(self, dims):
        r = self.rng
        n = len(dims)
        way = r.random()
        if way < 0.5:
            return [n - 1]
        if way < 0.75:
            return [r.randrange(n)]
        k = r.randint(1, n)
        return sorted(r.sample(range(n), k))

    def reduction(self, x):
        """An operation that suits the operand."""
        r = self.rng
        if x.t == 'b' and r.random() < 0.7:
            return r.choice(['any', 'all', 'sum', 'mean'])
        if self.gradient:
            return r.choice(['sum', 'mean', 'sum', 'mean', 'max', 'min', 'logsumexp', 'var', 'prod'])
        return r.choice(ARITHMETIC_REDUCTIONS + ['sum', 'max', 'mean'] + (['logsumexp', 'var', 'stddev'] if kind(x.t) == 2 and r.random() < 0.7 else ['argmax', 'argmin', 'any', 'all']))

    def reduced(self, x, axes, keep):
        r = self.rng
        op = self.reduction(x)
        if op == 'prod' and kind(x.t) == 2:
            x = self.bin('add', self.bin('mul', self.un('sin', x), ('0.25', f'(lit:{x.t} 0.25)', x.t)), ('1', f'(lit:{x.t} 1)', x.t))
        if op in ('var', 'stddev', 'logsumexp') and kind(x.t) != 2:
            x = self.cast('f32', x)
        if op == 'stddev' and self.gradient:
            op = 'var'
        return self.reduce(op, x, axes, keep, runtime=r.random() < 0.2)

    def make_keep(self, dims, budget):
        axes = self.pick_axes(dims)
        inner = self.full(dims, budget - 1)
        if not self.gradient and self.rng.random() < 0.03:
            return self.reduce(self.rng.choice(['sum', 'mean', 'max', 'prod', 'argmin', 'any']), inner, [], self.rng.random() < 0.5)
        return self.reduced(inner, axes, True)

    def make_drop(self, dims, budget):
        r = self.rng
        at = len(dims) if r.random() < 0.55 else r.randrange(len(dims) + 1)
        more = list(dims)
        more.insert(at, self.fresh_symbol(dims))
        axes = [at]
        if len(more) < 3 and r.random() < 0.2:
            at = r.randrange(len(more) + 1)
            axes = sorted([a + (a >= at) for a in axes] + [at])
            more.insert(at, self.fresh_symbol(more))
        if len(more) < 3 and len(axes) == 1 and r.random() < 0.2:  # of what is a value a row itself
            inner = self.make_drop(more, budget - 1)
            if inner.dims != tuple(more):
                inner = self.join(inner, self.exact_leaf(more))
            if r.random() < 0.5:
                inner = self.floating(inner)
                return self.reduce(r.choice(['var', 'logsumexp', 'mean'] + ([] if self.gradient else ['stddev'])), inner, axes, False, r.random() < 0.2)
            return self.reduced(inner, axes, False)
        inner = self.full(more, budget - 1)
        if r.random() < 0.12:  # of a part only
            n = self.span()
            words = ['a'] * len(more)
            texts = ['all'] * len(more)
            words[axes[0]], texts[axes[0]] = f'f{n}', f'V[{n}]'
            inner = E(f'({inner.text})({", ".join(texts)})', f'(ix:{inner.t} {",".join(words)} {inner.tree})', inner.t, inner.dims, inner.cost + 1)
        return self.reduced(inner, axes, False)

    def make_soft(self, dims, budget):
        r = self.rng
        x = self.full(dims, budget - 2)
        axis = len(dims) - 1 if r.random() < 0.7 else r.randrange(len(dims))
        if self.gradient:
            x = self.floating(x)
        return self.softmax(r.choice(['softmax', 'softmax', 'log_softmax']), x, axis, r.random() < 0.2)

    def make_let(self, dims, budget):
        r = self.rng
        way = r.random()
        if way < 0.3:
            d = self.make_keep(dims, max(1, budget // 2))
        elif way < 0.45 and len(dims) < 3:
            d = self.make_drop(dims, max(1, budget // 2))
        else:
            d = self.full(dims, budget // 2)
        if self.gradient:
            d = self.un('tanh', d)

        def body(cell):
            way = r.random()
            if way < 0.35 and len(cell.dims) == len(dims) and '1' not in cell.dims:  # as softmax does
                op = r.choice(['sum', 'max', 'mean'])
                inner = self.reduce(op, cell, [len(dims) - 1] if r.random() < 0.8 else self.pick_axes(dims), True)
                e = self.bin(r.choice(['sub', 'add', 'mul']), cell, inner)
                if budget > 3:
                    e = self.bin(r.choice(['add', 'mul']), e, self.expr(dims, budget // 2 - 1))
                if e.dims == dims and r.random() < 0.25:
                    e = self.reduced(e, [len(dims) - 1], True)
                return e
            e = self.expr(dims, max(1, budget - budget // 2 - 1))
            if cell.text not in e.text.replace('(', ' ').replace(',', ' ').split() and r.random() < 0.9:
                e = self.join(e, cell)
            return e
        e = self.let(d, body)
        return e

    def make_product(self, dims, budget):
        r = self.rng
        k = self.fresh_symbol(dims)
        if len(dims) == 1:
            left_vector = r.random() < 0.5
            x, y = ((k,), (k, dims[0])) if left_vector else ((dims[0], k), (k,))
        else:
            x, y = (dims[0], k), (k, dims[1])
        lazy = r.random()
        left = self.floating(self.full(x, budget // 2 if lazy < 0.6 else 0))
        right = self.floating(self.full(y, budget // 3 if 0.35 < lazy < 0.9 else 0))
        return self.matmul(left, right)

    def make_view(self, dims, budget):
        r = self.rng
        way = r.random()
        n = len(dims)
        if way < 0.4:
            e = self.full(dims, budget - 1)
            at = r.randrange(n)
            words = ['R' if i == at else 'a' for i in range(n)]
            texts = ['range(end, begin, -1)' if i == at else 'all' for i in range(n)]
            return E(f'({e.text})({", ".join(texts)})', f'(ix:{e.t} {",".join(words)} {e.tree})', e.t, dims, e.cost + 1)
        if way < 0.75 and n > 1:
            e = self.full(tuple(reversed(dims)), budget - 1)
            return E(f'transpose({e.text})', f'(perm:{e.t} {",".join(map(str, reversed(range(n))))} {e.tree})', e.t, dims, e.cost + 1)
        if n < 3:
            at = r.randrange(n + 1)
            more = list(dims)
            more.insert(at, self.fresh_symbol(dims))
            e = self.full(more, budget - 1)
            slot = self.indices
            self.indices += 1
            words, texts = ['a'] * n, ['all'] * n
            words.insert(at, f'i{slot}')
            texts.insert(at, f'I[{slot}]')
            return E(f'({e.text})({", ".join(texts)})', f'(ix:{e.t} {",".join(words)} {e.tree})', e.t, dims, e.cost + 1)
        return self.full(dims, budget - 1)


# -- statements ----------------------------------------------------------------------------------------------------

THEMES = [(['f32'], 30), (['f64'], 12), (['f32', 'f32', 'f64'], 8), (['f32', 'i32'], 6), (['f32', 'b', 'f32'], 5)]
TYPES = [(INTS, 10), (['i8', 'u8', 'i16'], 4), (['i32', 'i64', 'u32'], 6), (['u64', 'i64', 'f64'], 4), (['b', 'u8', 'f32'], 5),
         (['b'], 1), (['i8', 'f32', 'f64'], 4), (['u8', 'i32', 'f32'], 4), (INTS + FLOATS + ['b'], 10), (['i16', 'u16'], 3),
         (['u32', 'f32'], 3)]


class Writer:
    def __init__(self, seed, program, what):
        self.seed, self.program, self.what = seed, program, what
        self.out = []
        self.names = []

    def statement(self, number, always=False):
        name = f'{self.program}_{self.seed}_{number}'
        rng = random.Random(f'{self.seed} {self.program} {number}')
        for _ in range(200):
            try:
                got = gradient(rng, name) if self.what == 'gradients' else ordinary(rng, name, self.what, number % 8 == 3)
            except AssertionError:
                continue
            if got is not None:
                break
        if name in EXCLUDED and not always:
            self.out.append(f'// {name} is left out: {EXCLUDED[name]}\n')
            return
        self.names.append(name)
        self.out.append(got)


def finish(s, name, lines, results, extra=''):
    """The C++ function and the table's row."""
    code = '; '.join(lines)
    decl = []
    for i, (word, t, axes) in enumerate(s.tensors):
        decl.append(f'  [[maybe_unused]] auto& {s.name(i)} = fuzz::tensor_of<{CPP[t]}, {len(axes)}>(r, {i});')
    tensors = ' '.join(f'({w}:{t}{"".join(" " + a for a in axes)})' for w, t, axes in s.tensors)
    tree = f'(program (tensors {tensors}) (results {" ".join(results)}) (sizes {" ".join(sorted(s.symbols))}) (slots {s.spans} {s.indices}))'
    if len(s.tensors) > 26 or not s.symbols:
        return None
    makers = ', '.join(f'&fuzz::make<{CPP[t]}, {len(axes)}>' for _, t, axes in s.tensors)
    shown = code.replace('\\', '\\\\').replace('"', '\\"').replace('fuzz::', '')
    body = '\n'.join('  ' + line + ';' for line in lines)
    return (f'static void code_{name}(fuzz::run& r) {{\n' + '\n'.join(decl) +
            '\n  [[maybe_unused]] fuzz::ranges_of const V{r};\n  [[maybe_unused]] auto const* I = r.indices.data();\n' + body + '\n}\n'
            f'static std::unique_ptr<fuzz::held> (*const make_{name}[])() = {{{makers}}};\n'
            f'static fuzz::statement const row_{name} = {{"{name}", "{shown}",\n  "{tree}",\n'
            f'  make_{name}, [](fuzz::run& r) {{ return fuzz::attempted(code_{name}, r); }}}};\n')


def typed(e):
    return f'fuzz::typed<{CPP[e.t]}, {len(e.dims)}>({e.text})'


SHAPES = [(('m', 'n'), 55), (('n',), 18), (('l', 'm', 'n'), 18)]


def pick(rng, choices):
    return rng.choices([c for c, _ in choices], [w for _, w in choices])[0]


def result_type(rng, e):
    wider = [t for t in CPP if holds(t, e.t) and t != e.t]
    return rng.choice(wider) if wider and rng.random() < 0.12 else e.t


def root(s, rng, what, budget, dims):
    """The whole right side: whatever shape it comes to have."""
    way = rng.random()
    if what == 'rows' and way < 0.3 and not s.nested:  # a value a row, or fewer axes
        return s.make_drop(dims[:-1], budget)
    if what == 'rows' and (way < 0.42 or s.nested):  # a row program over what is a value a row itself
        keep = rng.random() < 0.3 and not s.nested
        axes = [len(dims) - 1] if s.nested or rng.random() < 0.8 else s.pick_axes(dims)
        inner = s.floating(s.reduced(s.full(dims, budget // 2), axes, keep))
        if inner.dims:
            at = len(inner.dims) - 1
            if rng.random() < 0.4 and not s.nested:
                return s.softmax(rng.choice(['softmax', 'log_softmax']), inner, at, rng.random() < 0.2)
            return s.reduce(rng.choice(['var', 'logsumexp', 'stddev']), inner, [at], rng.random() < 0.5, rng.random() < 0.2 and not s.nested)
    if way < 0.08 and what != 'maps':
        x = s.full(dims, budget - 1)
        return s.reduced(x, list(range(len(dims))), False)
    if way < 0.12:
        e = s.full(dims, budget - 1)
        words, texts = [], []
        for _ in dims:
            if rng.random() < 0.6:
                n = s.span()
                words.append(f'f{n}')
                texts.append(f'V[{n}]')
            else:
                words.append('a')
                texts.append('all')
        return E(f'({e.text})({", ".join(texts)})', f'(ix:{e.t} {",".join(words)} {e.tree})', e.t, e.dims, e.cost)
    if what == 'products' and '1' not in dims and len(dims) < 3:
        p = s.make_product(dims, budget - 1)
        if rng.random() < 0.75:
            return s.let(p, lambda c: s.expr(dims, budget // 2)) if rng.random() < 0.15 else wrap(s, rng, p, dims, budget)
        return p
    e = s.expr(dims, budget)
    if 'matmul' not in e.text and what == 'products':
        e = s.join(e, s.make_product(dims[-2:] if len(dims) > 1 else dims, 1))
    return e


def wrap(s, rng, e, dims, budget):
    """Something around a product."""
    for _ in range(rng.randint(1, 3)):
        way = rng.random()
        if way < 0.35:
            e = s.bin(rng.choice(['add', 'mul', 'sub', 'maximum']), e, s.expr(dims, rng.choice([0, 0, 1])))
        elif way < 0.6:
            e = s.un(rng.choice(['relu', 'tanh', 'gelu', 'neg', 'sigmoid', 'square', 'abs']), e)
        elif way < 0.75 and e.dims == dims:
            e = s.softmax(rng.choice(['softmax', 'log_softmax']), e, len(dims) - 1, False)
        elif way < 0.9 and e.dims == dims:
            e = s.reduced(e, s.pick_axes(dims), True)
        else:
            e = s.bin('mul', e, s.literal(e.t))
    return e


def out(s, rng, e, lines, results, wrapped=True):
    """A result in a tensor of its own."""
    t = result_type(rng, e)
    i = s.tensor(t, ['?'] * len(e.dims), 'out')
    lines.append(f'{s.name(i)} = {typed(e) if wrapped else e.text}')
    results.append(f'(set {i} {e.tree})')
    return i


def fitted(s, e, t):
    return e if holds(t, e.t) else s.cast(t, e)


def ordinary(rng, name, what, nested=False):
    kind_ = what
    if what == 'targets':
        kind_ = rng.choice(['maps', 'rows', 'rows', 'types', 'products'])
    themes = pick(rng, TYPES if kind_ == 'types' else THEMES)
    if kind_ == 'products':
        themes = rng.choice([['f32'], ['f32'], ['f64'], ['f32', 'f64'], ['f32', 'f32', 'i8']])
    s = Statement(rng, themes, kind_)
    s.nested = nested
    dims = pick(rng, SHAPES)
    if nested and len(dims) < 2:
        dims = ('m', 'n')
    if kind_ == 'products':
        dims = rng.choice([('m', 'n'), ('m', 'n'), ('m', 'n'), ('n',)])
    budget = rng.randint(2, 6) if kind_ != 'products' else rng.randint(1, 4)
    lines, results = [], []
    if what != 'targets':
        e = root(s, rng, kind_, budget, dims)
        if not s.tensors:
            return None
        out(s, rng, e, lines, results)
        return None if too_much(e) else finish(s, name, lines, results)
    form = rng.choice(['self', 'self', 'update', 'update', 'place', 'place', 'place_update', 'several', 'several', 'several', 'named', 'moved'])
    if form in ('self', 'named', 'moved', 'update'):
        square = len(dims) == 2 and rng.random() < 0.35
        if square:
            dims = ('n', 'n')
        t = s.type()
        a = s.tensor(t, ['o:' + d for d in dims], 'in')
        p = s.storage(a)
        plain = E(p.text, p.tree, t, dims)
        s.shared = [plain]
        n = len(dims)
        if square:
            s.shared.append(E(f'transpose({p.text})', f'(perm:{t} 1,0 {p.tree})', t, dims))
        at = rng.randrange(n)
        back = E(f'{p.text}({", ".join("range(end, begin, -1)" if i == at else "all" for i in range(n))})',
                 f'(ix:{t} {",".join("R" if i == at else "a" for i in range(n))} {p.tree})', t, dims)
        s.shared.append(back)
        if rng.random() < 0.5:
            s.shared.append(s.reduce(rng.choice(['max', 'min']), plain, s.pick_axes(dims), True))
        if rng.random() < 0.3 and n > 1:
            slot = s.indices
            s.indices += 1
            s.shared.append(E(f'{p.text}(I[{slot}], ellipsis)', f'(ix:{t} i{slot}{",a" * (n - 1)} {p.tree})', t, dims[1:]))
        e = s.expr(dims, budget)
        if p.text not in e.text.replace('(', ' ').replace(',', ' ').split():
            e = s.join(e, rng.choice(s.shared))
        if form == 'update':
            op = rng.choice(['add', 'sub', 'mul', 'div', 'add'])
            if kind(t) < 2 and op == 'div':
                op = 'mul'
            if t == 'b':
                return None
            e = fitted(s, e, t)
            if not holds(t, promote(t, e.t)):
                return None
            both = s.bin(op, plain, e)
            if not holds(t, both.t):
                return None
            lines.append(f'{p.text} {BINARY[op]}= {typed(e)}')
            results.append(f'(update {a} {both.tree})')
            return None if too_much(e) else finish(s, name, lines, results)
        if len(e.dims) != n:
            e = s.join(e, plain)
        e = fitted(s, e, t)
        if form == 'self':
            lines.append(f'{p.text} = {typed(e)}')
            results.append(f'(set {a} {e.tree})')
        else:
            lines.append(f'auto lazy = {e.text}')
            given = E('std::move(lazy)' if form == 'moved' else 'lazy', e.tree, e.t, e.dims)
            lines.append(f'{p.text} = {given.text}')
            results.append(f'(set {a} {e.tree})')
            if form == 'named':
                out(s, rng, given, lines, results, False)
        return None if too_much(e) else finish(s, name, lines, results)
    if form in ('place', 'place_update'):
        t = s.type()
        if t == 'b' and form == 'place_update':
            return None
        wide = [rng.random() < 0.75 for _ in dims]
        if not any(wide):
            wide[rng.randrange(len(dims))] = True
        extra = rng.random() < 0.2 and len(dims) < 3
        axes = [('w:' if w else 'o:') + d for d, w in zip(dims, wide)]
        at = rng.randrange(len(dims) + 1)
        if extra:
            axes.insert(at, 'o:q')
        a = s.tensor(t, axes, 'in')
        p = s.storage(a)

        def part():
            words, texts = [], []
            for d, w in zip(dims, wide):
                if w:
                    n = s.span()
                    words.append(f'r{n}:{d}')
                    texts.append(f'V[{n}]')
                else:
                    words.append('a')
                    texts.append('all')
            if extra:
                n = s.indices
                s.indices += 1
                words.insert(at, f'i{n}')
                texts.insert(at, f'I[{n}]')
            return E(f'{p.text}({", ".join(texts)})', f'(ix:{t} {",".join(words)} {p.tree})', t, dims)
        to = part()
        s.shared = [to, part()]
        if rng.random() < 0.7:
            s.shared.append(part())
        if rng.random() < 0.3:
            s.shared.append(s.reduce('max', s.shared[-1], [len(dims) - 1], True))
        e = s.full(dims, budget) if rng.random() < 0.93 or form != 'place' else s.reduced(s.full(dims, 1), list(range(len(dims))), False)
        e = fitted(s, e, t)
        if form == 'place':
            lines.append(f'{to.text} = {typed(e)}')
            results.append(f'(place {a} {"number " if e.dims == () else ""}{to.tree} {e.tree})')
        else:
            op = rng.choice(['add', 'sub', 'mul'])
            e = s.expr(dims, budget)
            e = fitted(s, e, t)
            both = s.bin(op, to, e)
            if not holds(t, both.t):
                return None
            lines.append(f'{to.text} {BINARY[op]}= {typed(e)}')
            results.append(f'(place {a} {to.tree} {both.tree})')
        return None if too_much(e) else finish(s, name, lines, results)
    # several results
    n = rng.randint(2, 3)
    targets = []
    for _ in range(rng.randint(0, 2)):
        t = s.type()
        i = s.tensor(t, ['o:' + d for d in dims], 'in')
        p = s.storage(i)
        s.shared.append(E(p.text, p.tree, t, dims))
        targets.append(i)
    words, cost = [], 0
    for k in range(n):
        narrow = kind_ == 'rows' and rng.random() < 0.3
        e = s.make_drop(dims[:-1], max(1, budget // 2)) if narrow else s.expr(dims, max(1, budget * 2 // 3))
        own = [i for i in targets if len(e.dims) == len(s.tensors[i][2])]
        if own and rng.random() < 0.7:
            i = own[0]
            targets.remove(i)
            e = fitted(s, e, s.tensors[i][1])
        else:
            i = s.tensor(result_type(rng, e), ['?'] * len(e.dims), 'out')
        words += [s.name(i), typed(e)]
        results.append(f'(set {i} {e.tree})')
        cost += e.cost
    lines.append(f'weft::assign({", ".join(words)})')
    return None if cost > 34 else finish(s, name, lines, results)


def too_much(e):
    return e.cost > 26 or len(e.text) > 600


def gradient(rng, name):
    s = Statement(rng, ['f64'], 'gradients', True)
    dims = pick(rng, [(('m', 'n'), 60), (('n',), 15), (('l', 'm', 'n'), 15)])
    budget = rng.randint(2, 5)
    e = s.expr(dims, budget)
    if e.dims:
        if rng.random() < 0.5:
            e = s.bin('mul', e, s.leaf(s.partial(dims)))
        e = s.reduce(rng.choice(['sum', 'mean', 'sum']), e, list(range(len(e.dims))), False)
    if rng.random() < 0.15:
        e = s.un('sin', e)
    if not s.tensors or e.t != 'f64':
        return None
    n = len(s.tensors)
    chosen = sorted(rng.sample(range(n), rng.randint(1, min(n, 3))))
    args = ', '.join(s.name(i) for i in range(n))
    params = ', '.join(f'[[maybe_unused]] auto const& {s.name(i)}' for i in range(n))
    lines = [f'auto const loss = [&]({params}) {{ return {e.text}; }}']
    lines.append(f'auto [value, gradients] = value_and_grad(loss, wrt<{", ".join(map(str, chosen))}>)({args})')
    results = []
    v = s.tensor('f64', [], 'out')
    lines.append(f'{s.name(v)} = value')
    results.append(f'(set {v} {e.tree})')
    for k, i in enumerate(chosen):
        g = s.tensor('f64', ['?'] * len(s.tensors[i][2]), 'out')
        lines.append(f'{s.name(g)} = {"gradients" if len(chosen) == 1 else f"std::get<{k}>(gradients)"}')
        results.append(f'(grad {g} {i})')
    if e.cost > 30 or n > 6:
        return None
    return finish(s, name, lines, results)


HEAD = '''// Written by tests/fuzz/generate.py: {arguments}
{small}#include "statement.hpp"
{more}
using namespace weft;
using fuzz::same;

'''


def program(folder, seed, name, what, count, small, only=None):
    w = Writer(seed, name, what)
    for i in range(count) if only is None else [only]:
        w.statement(i, only is not None)
    text = HEAD.format(arguments=f'--seed {seed} --program {name} --kind {what} --statements {count}{" --small-blocks" if small else ""}',
                       small='#define WEFT_SMALL_BLOCKS 1\n' if small else '',
                       more='#include <weft/grad.hpp>\n' if what == 'gradients' else '')
    text += '\n'.join(w.out)
    text += '\nstatic fuzz::statement const statements[] = {' + ', '.join(f'row_{n}' for n in w.names) + '};\n'
    text += ('\nint main(int argc, char** argv) {\n'
             f'  fuzz::program const p = {{"{name}", {seed}, {"true" if small else "false"},\n'
             '#if __cpp_exceptions\n    true,\n#else\n    false,\n#endif\n'
             '    fuzz::set_threads, statements, static_cast<int>(std::size(statements))};\n'
             '  return fuzz::run_program(p, argc, argv);\n}\n')
    path = os.path.join(folder, name + '.cpp')
    old = open(path).read() if os.path.exists(path) else None
    if text != old:
        os.makedirs(folder, exist_ok=True)
        with open(path, 'w') as f:
            f.write(text)
    return path


# name, kind, statements, small blocks. (Short: 100 s of a compiler at -O1, a minute of tests.)
SETS = {
    'short': [('maps', 'maps', 12, False), ('rows', 'rows', 12, True), ('types', 'types', 12, False),
              ('products', 'products', 9, False), ('targets', 'targets', 10, False), ('gradients', 'gradients', 7, False)],
    'few': [('rows', 'rows', 10, True), ('targets', 'targets', 10, False)],
    'long': [('maps', 'maps', 30, False), ('maps_small', 'maps', 15, True), ('rows', 'rows', 30, False), ('rows_small', 'rows', 30, True),
             ('types', 'types', 25, False), ('types_more', 'types', 25, False), ('types_small', 'types', 15, True),
             ('products', 'products', 20, False), ('products_small', 'products', 15, True),
             ('targets', 'targets', 25, False), ('targets_small', 'targets', 20, True),
             ('gradients', 'gradients', 12, False), ('gradients_small', 'gradients', 12, True)],
}


def main():
    a = argparse.ArgumentParser()
    a.add_argument('folder')
    a.add_argument('--seed', type=int, default=1)
    a.add_argument('--set', choices=SETS)
    a.add_argument('--program', default='program')
    a.add_argument('--kind', default='maps')
    a.add_argument('--statements', type=int, default=40)
    a.add_argument('--small-blocks', action='store_true')
    a.add_argument('--only', type=int, help='this statement alone, excluded or not')
    o = a.parse_args()
    wanted = SETS[o.set] if o.set else [(o.program, o.kind, o.statements, o.small_blocks)]
    for name, what, count, small in wanted:
        print(name)
        program(o.folder, o.seed, name, what, count, small, o.only)


if __name__ == '__main__':
    main()
