// What optimizers remember of each parameter: tensors of its type and shape, made of zeros when they are first asked
// for, in the order of the model's parameters.
//
//   optim::memory velocity;
//   optim::each_update(model, gradient, [&](std::size_t i, auto& p, auto const& g) {
//     optim::kept<float, 2> v(velocity, i, p.value.sizes());      // v.value: a tensor, written in place
//   });
//   optim::save_state(optimizer, model, "state.safetensors");
//   optim::load_state(optimizer, model, "state.safetensors");
//
// Public, in weft::optim: save_state, load_state. For optimizers: memory, kept, each_update.
#pragma once
#include <weft/nn/weights.hpp>

namespace weft::optim {

// One tensor a parameter, of any type and rank.
struct memory {
  std::vector<io::any_tensor> tensors;
};

inline namespace WEFT_ISA {

// Entry `i` of a memory while an update has it: the buffer has no other holder meanwhile, so it's written in place.
template <class T, int R>
struct kept {
  tensor<T, R> value;
  io::any_tensor& home;

  kept(memory& all, std::size_t i, extents<R> const& sizes) : home(entry(all, i)) {
    if (!home.buffer) {
      home.dtype = dtype_of<T>;
      home.shape.assign(sizes.begin(), sizes.end());
      home.offset = 0;
      value.prepare(sizes);
      if (value.size() > 0) std::memset(value.data(), 0, sizeof(T) * static_cast<std::size_t>(value.size()));
      return;
    }
    bool same = home.dtype == dtype_of<T> && home.shape.size() == static_cast<std::size_t>(R);
    for (std::size_t d = 0; same && d < static_cast<std::size_t>(R); ++d) same = home.shape[d] == sizes[d];
    if (!same)
      fail<error>("optim: parameter " + std::to_string(i) + " is not the one of earlier updates: an optimizer belongs "
                  "to one model");
    if constexpr (R == 0)
      std::memcpy(value.data(), home.data(), sizeof(T));
    else
      value.items() = typename tensor<T, R>::items_t(static_cast<storage&&>(home.buffer), sizes);
  }
  kept(kept const&) = delete;
  kept& operator=(kept const&) = delete;
  ~kept() {
    if constexpr (R == 0) {
      storage own = storage::allocate(sizeof(T));
      std::memcpy(own.data(), value.data(), sizeof(T));
      home.buffer = static_cast<storage&&>(own);
    } else {
      home.buffer = static_cast<storage&&>(value.items().buffer);
    }
  }

 private:
  static io::any_tensor& entry(memory& all, std::size_t i) {
    if (i >= all.tensors.size()) all.tensors.resize(i + 1);
    return all.tensors[i];
  }
};

// f(i, parameter, gradient) for each parameter that isn't frozen; i counts the frozen ones too.
template <class Model, class F>
void each_update(Model& model, Model const& gradient, F const& f) {
  std::size_t i = 0;
  nn::parts::each_cell_of(
      [&](auto& p, auto const& g) {
        if constexpr (nn::is_parameter<std::remove_cvref_t<decltype(p)>>) {
          if (!p.frozen) {
            if (p.value.sizes() != g.value.sizes()) {
              auto const a = p.value.sizes(), b = g.value.sizes();
              fail_shapes("update", a.data(), rank_of<decltype(p)>, b.data(), rank_of<decltype(p)>,
                          "differ: a gradient has its parameter's shape");
            }
            f(i, p, g);
          }
          ++i;
        }
      },
      model, gradient);
}

// An optimizer's state in a safetensors file: "in.weight.m" for the moment m of the parameter in.weight, and "step".
// What no update has made yet is left out.
template <class Optimizer, class Model>
void save_state(Optimizer const& optimizer, Model const& model, std::string const& path) {
  std::vector<io::named_tensor> list;
  optimizer.each_memory([&](char const* name, memory const& all) {
    std::size_t i = 0;
    nn::for_each_parameter(model, [&](std::string_view parameter, auto const&) {
      if (i < all.tensors.size() && all.tensors[i].buffer)
        list.push_back({std::string(parameter) + '.' + name, all.tensors[i]});
      ++i;
    });
  });
  io::any_tensor step(dtype::int64, {});
  *step.as<std::int64_t>() = optimizer.step;
  list.push_back({"step", step});
  io::save_safetensors(path, list, {{"format", "weft optimizer"}});
}

// A file that doesn't fit throws, and the optimizer is what it was.
template <class Optimizer, class Model>
void load_state(Optimizer& optimizer, Model const& model, std::string const& path) {
  io::tensor_file const file = io::load_safetensors(path);
  Optimizer loaded = optimizer;
  std::size_t used = 1;
  auto const refuse = [&](std::string const& what) { fail<format_error>(path + ": " + what); };
  io::any_tensor const& step = file["step"];
  if (!step.known() || step.dtype != dtype::int64 || step.rank() != 0 || *step.as<std::int64_t>() < 0)
    refuse("step is not a count");
  loaded.step = *step.as<std::int64_t>();
  loaded.each_memory([&](char const* name, memory& all) {
    all.tensors.clear();
    nn::for_each_parameter(model, [&](std::string_view parameter, auto const& p) {
      std::string const full = std::string(parameter) + '.' + name;
      io::any_tensor entry;
      if (io::any_tensor const* t = file.find(full)) {
        auto const want = nn::parts::shape_list<rank_of<decltype(p)>>(p.value.sizes());
        if (!t->known() || t->dtype != dtype_of<element_t<decltype(p)>> || t->shape != want)
          refuse(full + " doesn't fit the parameter, which is " + weft::name(dtype_of<element_t<decltype(p)>>) + ' ' + io::to_text(want));
        entry = *t;
        ++used;
      }
      all.tensors.push_back(static_cast<io::any_tensor&&>(entry));
    });
  });
  if (used != file.tensors.size())
    refuse("holds " + std::to_string(file.tensors.size() - used) + " tensors that no parameter of the model has");
  optimizer = static_cast<Optimizer&&>(loaded);
}

}  // namespace WEFT_ISA
}  // namespace weft::optim
