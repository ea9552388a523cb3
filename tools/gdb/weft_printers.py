"""Shows tensors and expressions in gdb as what they are.

    (gdb) source tools/gdb/weft_printers.py
    (gdb) print a
    $1 = tensor (2, 3) float = {{1, 2, 3}, {4, 5, 6}}
    (gdb) print e                              in the program: auto e = a + b
    $2 = map<add> = {a = tensor (2, 3) float = {{1, 2, 3}, {4, 5, 6}}, b = tensor (3,) float = {10, 20, 30}, ...}

Reads memory only, so it works on core files; `set print elements` limits what is shown; `print/r` shows the fields.
"""
import re

import gdb
import gdb.printing

# As compilers spell an axis inside a type's name: weft::dim{2, "batch\000"}, {2, {98, 97, ...}}
AXIS = re.compile(r'\{(-?\d+), (?:"((?:[^"\\]|\\.)*)"|\{([-\d, ]*)\})\}')


def known_axes(text):
    """[(size or -1, name)] of the shape at the beginning of `text`, or None if a rank stands there."""
    if text.lstrip()[:1].isdigit():
        return None
    rank = re.search(r"\}\}?, (\d+)\}", text)
    axes = []
    for size, word, letters in AXIS.findall(text[: rank.end()] if rank else ""):
        if letters:
            word = "".join(chr(int(c)) for c in letters.split(",") if int(c) > 0)
        axes.append((int(size), word.split("\\000")[0].split("\\0")[0]))
    count = int(rank.group(1)) if rank else 0
    axes += [(-1, "")] * (count - len(axes))  # gcc leaves out equal ones at the end
    return axes[:count]


def short_name(name):
    """weft::v0_1_avx2::expr::map<weft::v0_1_avx2::ops::add, ...> -> map<add>"""
    head, _, rest = name.partition("<")
    head = head.split("::")[-1]
    operation = re.match(r"weft::(?:\w+::)*ops::(\w+)\b", rest)
    return "%s<%s>" % (head, operation.group(1)) if operation else head


def shape_text(sizes, axes):
    words = []
    for i, size in enumerate(sizes):
        name = axes[i][1] if axes and i < len(axes) else ""
        words.append("%s=%d" % (name, size) if name else str(size))
    return "(%s%s)" % (", ".join(words), "," if len(words) == 1 else "")


def fields_of(value):
    """The data members of a node and of its bases, without constants and what only the node itself uses."""
    for field in value.type.strip_typedefs().fields():
        if field.is_base_class or not field.name:  # an operand of many handles stands in a union without a name
            yield from fields_of(value[field])
        elif hasattr(field, "bitpos") and not field.artificial and field.name != "alive":
            yield field.name, value[field]


class array_printer:
    """Elements row by row; `data` is a pointer or None."""

    def __init__(self, word, element, sizes, axes, data):
        self.word, self.element, self.sizes, self.axes, self.data = word, element, sizes, axes, data
        self.count = 1
        for n in sizes:
            self.count *= n

    def to_string(self):
        text = "%s %s %s" % (self.word, shape_text(self.sizes, self.axes), self.element)
        if self.count and self.data is None:
            return text + ", not readable"
        return text if self.sizes else "%s = %s" % (text, self.data.dereference())

    def children(self):
        if not self.sizes or not self.count or self.data is None:
            return
        row = self.element
        for n in reversed(self.sizes[1:]):
            row = row.array(n - 1)
        rows = self.data.cast(row.pointer())
        for i in range(self.sizes[0]):
            yield str(i), (rows + i).dereference()

    def display_hint(self):
        return "array"


def members(kind):
    return [field.name for field in kind.strip_typedefs().fields()]


def entries(array):
    """Of a std::array<index_t, N>; that of no elements has no member to read."""
    for name in ("_M_elems", "__elems_"):
        if name in members(array.type):
            items = array[name]
            kind = items.type.strip_typedefs()
            return [int(items[i]) for i in range(kind.range()[1] + 1)] if kind.code == gdb.TYPE_CODE_ARRAY else []
    return []


def buffer_data(storage, element, bytes_needed):
    block = storage["block_"]
    try:
        if int(block) and int(block["bytes"]) >= bytes_needed:
            return block["data"].cast(element.pointer())
    except gdb.error:
        pass
    return None


def print_tensor(value):
    kind = value.type.strip_typedefs().unqualified()
    element = kind.template_argument(0)
    axes = known_axes(kind.name.split(",", 1)[1])
    items = value["items_"]
    if axes is not None and "items" in members(items.type):
        return array_printer("tensor", element, [size for size, _ in axes], axes,
                             items["items"].address.cast(element.pointer()))
    if "items" in members(items.type):  # of rank 0
        return array_printer("tensor", element, [], None, items["items"].address.cast(element.pointer()))
    sizes = entries(items["ext"])
    need = element.sizeof
    for n in sizes:
        need *= n
    data = buffer_data(items["buffer"], element, need) if all(n >= 0 for n in sizes) else None
    return array_printer("tensor", element, sizes, axes, data)


def print_borrowed(value):
    element = value.type.strip_typedefs().template_argument(0).unqualified()
    return array_printer("borrowed", element, entries(value["ext_"]), None, value["data_"])


class storage_printer:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        block = self.value["block_"]
        if not int(block):
            return "storage, empty"
        return "storage of %d bytes at %s, %d holders" % (block["bytes"], block["data"], block["holders"])


class shape_printer:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        words = []
        for i in range(int(self.value["rank"])):
            axis = self.value["axes"][i]
            name, size = axis["name"].string(), int(axis["extent"])
            words.append(('"%s"' % name if size < 0 else 'dim("%s", %d)' % (name, size)) if name
                         else "dyn" if size < 0 else str(size))
        return "shape{%s}" % ", ".join(words)


class element_printer:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return self.value["value"]


class node_printer:
    """An expression: its operation and its operands."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return short_name(self.value.type.strip_typedefs().unqualified().name)

    def children(self):  # operands first
        return sorted(fields_of(self.value), key=lambda field: field[0] == "ext")


PRINTERS = {
    "tensor": print_tensor,
    "borrowed": print_borrowed,
    "storage": storage_printer,
    "shape": shape_printer,
    "element_ref": element_printer,
}


class weft_printers(gdb.printing.PrettyPrinter):
    def __init__(self):
        super().__init__("weft")

    def __call__(self, value):
        kind = value.type.strip_typedefs().unqualified()
        name = kind.name if kind.code == gdb.TYPE_CODE_STRUCT else None
        if not name or not name.startswith("weft::"):
            return None
        found = PRINTERS.get(name.partition("<")[0].split("::")[-1])
        if found:
            return found(value)
        bases = [field.type.name or "" for field in kind.fields() if field.is_base_class]
        if any(re.match(r"weft::(\w+::)*(described|view)<", base) for base in bases):
            return node_printer(value)
        return None


gdb.printing.register_pretty_printer(None, weft_printers(), replace=True)
