// A tensor whose element type and rank are known at run time only: what files hold.
//
//   io::any_tensor t(dtype::float32, {2, 3});
//   float* p = t.as<float>();                  // dtype_error if it holds something else
//   t.size(), t.nbytes(), t.shape[0], t.data()
//
// The elements lie row by row without gaps, in a buffer aligned to 64 bytes that copies of the handle share.
// Public, in weft::io: any_tensor, named_tensor, metadata_entry, tensor_file, element_count, to_text(shape).
#pragma once
#include <weft/core/dtype.hpp>
#include <weft/core/errors.hpp>
#include <weft/core/storage.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::io {
inline namespace WEFT_ISA {

// The product of the sizes, or -1 where one is negative or the elements (of at most 16 bytes) could not be counted in
// bytes; sizes of 0 don't hide that the others overflow.
inline index_t element_count(std::vector<index_t> const& shape) {
  index_t count = 1;
  bool none = false;
  for (index_t const n : shape) {
    if (n < 0) return -1;
    if (n == 0) {
      none = true;
    } else if (__builtin_mul_overflow(count, n, &count) || count > (index_t{1} << 59)) {
      return -1;
    }
  }
  return none ? 0 : count;
}

inline std::string to_text(std::vector<index_t> const& shape) {
  std::string out = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) out += (i ? ", " : "") + std::to_string(shape[i]);
  return out + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace WEFT_ISA

struct any_tensor {
  weft::dtype dtype = dtype::float32;
  std::vector<index_t> shape;
  storage buffer;
  index_t offset = 0;     // of the first element in the buffer, in bytes
  std::string unknown;    // the file's word for an element type that weft has no name for; `dtype` is void then
  index_t raw_bytes = 0;  // the size of such a tensor

  any_tensor() : shape{0} {}
  // Not initialised. shape_error for sizes that can't be.
  any_tensor(weft::dtype d, std::vector<index_t> sizes) : dtype(d), shape(std::move(sizes)) {
    if (element_count(shape) < 0) fail<shape_error>("any_tensor: impossible shape " + to_text(shape));
    buffer = storage::allocate(static_cast<std::size_t>(nbytes()));
  }

  index_t size() const { return element_count(shape); }
  index_t nbytes() const { return unknown.empty() ? size() * size_of(dtype) : raw_bytes; }
  int rank() const { return static_cast<int>(shape.size()); }
  bool known() const { return unknown.empty(); }
  std::string type_name() const { return known() ? name(dtype) : unknown; }

  void const* data() const { return static_cast<std::byte const*>(buffer.data()) + offset; }
  // Writing shows in every copy of this handle.
  void* data() { return static_cast<std::byte*>(buffer.data()) + offset; }

  template <element T>
  T const* as() const {
    check(dtype_of<T>);
    return static_cast<T const*>(data());
  }
  template <element T>
  T* as() {
    check(dtype_of<T>);
    return static_cast<T*>(data());
  }

 private:
  void check(weft::dtype wanted) const {
    if (!known() || dtype != wanted) {
      fail<dtype_error>("any_tensor: asked for " + std::string(name(wanted)) + ", it holds " + type_name());
    }
  }
};

struct named_tensor {
  std::string name;
  any_tensor tensor;
};

struct metadata_entry {
  std::string key;
  std::string value;
};

// What a file of tensors holds. Both lists are sorted by name.
struct tensor_file {
  std::string path;
  std::vector<named_tensor> tensors;
  std::vector<metadata_entry> metadata;

  // nullptr where there is no such tensor or entry. Logarithmic.
  any_tensor const* find(std::string_view name) const {
    std::size_t const i = place(tensors, [&](named_tensor const& t) { return t.name < name; });
    return i < tensors.size() && tensors[i].name == name ? &tensors[i].tensor : nullptr;
  }
  std::string const* find_metadata(std::string_view key) const {
    std::size_t const i = place(metadata, [&](metadata_entry const& m) { return m.key < key; });
    return i < metadata.size() && metadata[i].key == key ? &metadata[i].value : nullptr;
  }
  // format_error where there is no such tensor.
  any_tensor const& operator[](std::string_view name) const {
    any_tensor const* found = find(name);
    if (!found) fail<format_error>(path + ": no tensor \"" + std::string(name) + '"');
    return *found;
  }

 private:
  template <class Entry, class Before>
  static std::size_t place(std::vector<Entry> const& list, Before before) {
    std::size_t low = 0, high = list.size();
    while (low < high) {
      std::size_t const middle = low + (high - low) / 2;
      if (before(list[middle])) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};

}  // namespace weft::io
