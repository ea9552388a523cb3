// What optimizers remember of each parameter, and how they get at parameters: as rows of elements, whatever the shape,
// so that the code of an update exists once for each element type.
//
//   optim::memory velocity;
//   optim::each_update(*this, model, gradient, [&]<class T>(optim::row<T>& p) {   // p.weight, p.gradient: tensor<T, 1>
//     optim::kept<T> v(velocity, p);                                          // v.value: zeros the first time
//     assign(p.weight, ..., v.value, ...);                                    // all of them are written in place
//   });
//   optim::save_state(optimizer, model, "state.safetensors");
//   optim::load_state(optimizer, model, "state.safetensors");
//
// An update is refused before it has changed anything: no parameter, no memory, no step.
//
// Public, in weft::optim: save_state, load_state. For optimizers: memory, row, kept, each_update; a state in a
// file takes an optimizer's name, step and each_memory (optim/sgd.hpp is the shortest example).
#pragma once
#include <weft/nn/weights.hpp>

namespace weft::optim {

// One tensor a parameter, of any type and rank, in the order of the model; empty until the first update.
struct memory {
  std::vector<io::any_tensor> tensors;
};

inline namespace WEFT_ISA {

template <class T>
struct row {
  tensor<T, 1> weight, gradient;
  std::size_t index;  // among the model's parameters, frozen ones too
  index_t const* sizes;
  int rank;
};

// Whether a memory is empty yet or was made for a parameter of this type and these sizes; else throws.
inline void check_memory(io::any_tensor const& home, std::size_t index, dtype type, index_t const* sizes, int rank) {
  if (!home.buffer) return;
  bool same = home.dtype == type && home.rank() == rank;
  for (int d = 0; same && d < rank; ++d) same = home.shape[static_cast<std::size_t>(d)] == sizes[d];
  if (!same)
    fail<error>(complaint{"optim: parameter ", index, " is not the one of earlier updates: an optimizer belongs to one model"});
}

// The memory of a parameter while an update has it: nobody else holds the buffer then.
template <class T>
struct kept {
  tensor<T, 1> value;
  io::any_tensor& home;

  kept(memory& of, row<T> const& p) : home(entry(of, p.index)) {
    index_t const n = p.weight.size();
    if (!home.buffer) {
      home.dtype = dtype_of<T>;
      home.shape.assign(p.sizes, p.sizes + p.rank);
      home.offset = 0;
      value.prepare({n});
      if (n > 0) std::memset(value.data(), 0, sizeof(T) * static_cast<std::size_t>(n));
      return;
    }
    check_memory(home, p.index, dtype_of<T>, p.sizes, p.rank);
    value = tensor<T, 1>(static_cast<storage&&>(home.buffer), {n});
  }
  kept(kept const&) = delete;
  kept& operator=(kept const&) = delete;
  ~kept() { home.buffer = static_cast<storage&&>(value.items().buffer); }

 private:
  static io::any_tensor& entry(memory& of, std::size_t i) {
    if (i >= of.tensors.size()) of.tensors.resize(i + 1);
    return of.tensors[i];
  }
};

// A tensor's elements lent as a row.
template <class T, auto S>
struct lent {
  tensor<T, S>& owner;
  extents<to_shape(S).rank> sizes;
  tensor<T, 1>& as;
  lent(tensor<T, S>& t, tensor<T, 1>& to) : owner(t), sizes(t.sizes()), as(to) {
    if constexpr (tensor<T, S>::stored_inline) {
      as.prepare({t.size()});
      if (t.size() > 0) std::memcpy(as.data(), t.data(), sizeof(T) * static_cast<std::size_t>(t.size()));
    } else {
      as = tensor<T, 1>(static_cast<storage&&>(t.items().buffer), {count(sizes)});
    }
  }
  lent(lent const&) = delete;
  lent& operator=(lent const&) = delete;
  ~lent() {
    if constexpr (tensor<T, S>::stored_inline) {
      auto const& from = as;
      if (from.size() > 0) std::memcpy(owner.data(), from.data(), sizeof(T) * static_cast<std::size_t>(from.size()));
    } else {
      owner.items() = typename tensor<T, S>::items_t(static_cast<storage&&>(as.items().buffer), sizes);
    }
  }
};
template <class T, auto S>
tensor<T, 1> as_row(tensor<T, S> const& t) {
  if constexpr (tensor<T, S>::stored_inline) {
    tensor<T, 1> copy;
    copy.prepare({t.size()});
    if (t.size() > 0) std::memcpy(copy.data(), t.data(), sizeof(T) * static_cast<std::size_t>(t.size()));
    return copy;
  } else {
    t.items().check_there();
    return tensor<T, 1>(t.items().buffer, {t.size()});
  }
}

// f(parameter, its gradient, its index) for each parameter that isn't frozen.
template <class Model, class F>
void each_learnt(Model& model, Model const& gradient, F const& f) {
  static_assert(models::is_opaque<Model>() || models::finds_parameter<Model>(),
                "weft: update: no parameter can be found in this model: what is learnt is an nn::parameter, not a "
                "tensor; a field with constructors or private members lists its own fields with `static constexpr void "
                "fields(auto list)`");
  std::size_t i = 0;
  models::each_cell_of(
      [&]<class Cell>(Cell& p, Cell const& g) {
        if constexpr (nn::is_parameter<Cell>) {
          std::size_t const index = i++;
          if (!p.frozen) f(p, g, index);
        }
      },
      model, gradient);
}
template <class Cell>
void check_there(Cell const& c) {
  if constexpr (requires { c.value.items().check_there(); }) c.value.items().check_there();
}
inline void check_gradient(index_t const* own, index_t const* given, int rank) {
  for (int d = 0; d < rank; ++d)
    if (own[d] != given[d]) fail_shapes("update", own, rank, given, rank, "differ: a gradient has its parameter's shape");
}

// Precondition: the gradients have the shapes of their parameters.
template <class Model, class F>
void update_rows(Model& model, Model const& gradient, F const& f) {
  each_learnt(model, gradient, [&f]<class Cell>(Cell& p, Cell const& g, std::size_t index) WEFT_NOINLINE_LAMBDA {
    auto const own = p.value.sizes();
    row<element_t<Cell>> r{{}, as_row(g.value), index, own.data(), rank_of<Cell>};
    lent const held(p.value, r.weight);
    f(r);
  });
}

// f(row) for each parameter that isn't frozen, after all of them were found to have gradients of their shapes.
template <class Model, class F>
void each_update(Model& model, Model const& gradient, F const& f) {
  each_learnt(model, gradient, []<class Cell>(Cell& p, Cell const& g, std::size_t) WEFT_NOINLINE_LAMBDA {
    check_there(p);
    check_there(g);
    auto const own = p.value.sizes(), given = g.value.sizes();
    check_gradient(own.data(), given.data(), rank_of<Cell>);
  });
  update_rows(model, gradient, f);
}
// The same for an optimizer that has a step, which is counted, and each_memory, where all memories must be those of
// this model.
template <class Optimizer, class Model, class F>
void each_update(Optimizer& optimizer, Model& model, Model const& gradient, F const& f) {
  each_learnt(model, gradient, [&]<class Cell>(Cell& p, Cell const& g, std::size_t index) WEFT_NOINLINE_LAMBDA {
    check_there(p);
    check_there(g);
    auto const own = p.value.sizes(), given = g.value.sizes();
    check_gradient(own.data(), given.data(), rank_of<Cell>);
    std::as_const(optimizer).each_memory([&](char const*, memory const& kept_before) {
      if (index < kept_before.tensors.size())
        check_memory(kept_before.tensors[index], index, dtype_of<element_t<Cell>>, own.data(), rank_of<Cell>);
    });
  });
  ++optimizer.step;
  update_rows(model, gradient, f);
}

// An optimizer's state in a safetensors file: "in.weight.m" for the moment m of the parameter in.weight, and "step";
// the metadata say whose it is. What no update has made yet is left out.
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
  io::save_safetensors(path, list, {{"format", "weft optimizer"}, {"optimizer", Optimizer::name}});
}

// A file that doesn't fit throws, and the optimizer is what it was.
template <class Optimizer, class Model>
void load_state(Optimizer& optimizer, Model const& model, std::string const& path) {
  io::tensor_file const file = io::load_safetensors(path);
  Optimizer loaded = optimizer;
  std::size_t used = 1;
  auto const refuse = [&](std::string const& what) { fail<format_error>(path + ": " + what); };
  std::string const* const of = file.find_metadata("optimizer");
  if (!of || *of != Optimizer::name)
    refuse("holds the state of " + (of ? "the optimizer " + *of : std::string("no optimizer")) + ", not of " +
           Optimizer::name);
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
          refuse(full + " doesn't fit the parameter, which is " + weft::name(dtype_of<element_t<decltype(p)>>) + ' ' +
                 io::to_text(want));
        entry = *t;
        ++used;
      }
      all.tensors.push_back(static_cast<io::any_tensor&&>(entry));
    });
  });
  // All that an optimizer keeps of a parameter is made by one update.
  nn::for_each_parameter(model, [&](std::string_view parameter, auto const&) {
    std::string there, missing;
    loaded.each_memory([&](char const* name, memory const&) {
      std::string const full = std::string(parameter) + '.' + name;
      (file.find(full) ? there : missing) = full;
    });
    if (!there.empty() && !missing.empty())
      refuse("holds " + there + " without " + missing + ": " + Optimizer::name +
             " keeps all of a parameter or nothing");
  });
  if (used != file.tensors.size())
    refuse("holds " + std::to_string(file.tensors.size() - used) + " tensors that no parameter of the model has");
  optimizer = static_cast<Optimizer&&>(loaded);
}

}  // namespace WEFT_ISA
}  // namespace weft::optim
