// Fields and names of plain structs: every kind of member, every kind of struct, and the messages of refusal.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <weft/nn/model.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nn = weft::nn;

namespace {

struct empty {};

struct pair_of_numbers {
  int first;
  double second;
};

struct no_default {  // neither a default constructor nor an aggregate
  no_default(int in, int out) : size(in * out) {}
  int size;
};

struct explicit_default {
  explicit explicit_default() = default;
  explicit explicit_default(int s) : size(s) {}
  int size = 1;
};

struct immovable {
  immovable() = default;
  immovable(immovable const&) = delete;
  immovable& operator=(immovable const&) = delete;
  int value = 5;
};

// Library layers look like this: constructors, private members, fields listed.
class layer {
  std::vector<float> weight_;
  std::optional<float> bias_;

 public:
  layer(int in, int out) : weight_(static_cast<std::size_t>(in * out)), bias_(1.0f) {}
  static constexpr void fields(auto list) {
    list("weight", &layer::weight_);
    list("bias", &layer::bias_);
  }
};

struct every_kind {
  float number = 1;
  bool flag = false;
  pair_of_numbers nested{1, 2};
  std::vector<float> list;
  std::array<float, 4> four{};
  std::array<pair_of_numbers, 2> pairs{};
  std::optional<float> maybe;
  std::optional<std::vector<int>> maybe_list;
  std::optional<no_default> maybe_layer;
  std::unique_ptr<int> owner;
  std::string text;
  no_default fixed{2, 3};
  explicit_default careful{};
  immovable pinned{};
  layer listed{2, 2};
  std::vector<layer> layers;
  std::variant<int, float> either;
  std::function<int(int)> call;
  empty nothing;
  char const* pointer = nullptr;
};

struct must_be_given {  // T{} does not compile
  float scale;
  no_default inner;
};

template <class T>
struct box {
  T weight{};
  std::vector<T> rest{};
};

template <class T>
std::string joined() {
  std::string all;
  for (auto name : nn::field_names<T>()) all += std::string(name) + ' ';
  return all;
}

template <class T>
std::string visited(T& object) {
  std::string all;
  nn::for_each_field(object, [&](std::string_view name, auto&) { all += std::string(name) + ' '; });
  return all;
}

struct thirty_two {
  int a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, c0, c1, c2, c3, c4, c5, c6, c7,
      c8, c9, d0, d1;
};

}  // namespace

static_assert(nn::field_count<empty> == 0);
static_assert(nn::field_count<pair_of_numbers> == 2);
static_assert(nn::field_count<pair_of_numbers const> == 2);
static_assert(nn::field_count<every_kind> == 20);
static_assert(nn::field_count<must_be_given> == 2);
static_assert(nn::field_count<layer> == 2);
static_assert(nn::field_count<thirty_two> == 32);
static_assert(nn::field_names<pair_of_numbers>()[0] == "first");
static_assert(nn::field_names<layer const>()[1] == "bias");

static_assert(nn::reflectable<every_kind> && nn::reflectable<layer> && nn::reflectable<layer const>);
static_assert(!nn::reflectable<int> && !nn::reflectable<std::vector<int>> && !nn::reflectable<std::array<int, 2>>);
static_assert(!nn::reflectable<no_default> && !nn::reflectable<std::optional<int>> && !nn::reflectable<int[3]>);
static_assert(nn::lists_fields<layer> && !nn::lists_fields<every_kind> && !nn::lists_fields<int>);

TEST_CASE("names in order, whatever the members are") {
  CHECK(joined<every_kind>() ==
        "number flag nested list four pairs maybe maybe_list maybe_layer owner text fixed careful pinned listed "
        "layers either call nothing pointer ");
  CHECK(joined<must_be_given>() == "scale inner ");
  CHECK(joined<box<std::vector<std::array<int, 3>>>>() == "weight rest ");
  CHECK(joined<empty>().empty());
  every_kind object;
  CHECK(visited(object) == joined<every_kind>());
}

TEST_CASE("fields are the object's own, and const where it is const") {
  pair_of_numbers object{1, 2};
  nn::for_each_field(object, [](std::string_view name, auto& field) {
    static_assert(!std::is_const_v<std::remove_reference_t<decltype(field)>>);
    field += name == "first" ? 10 : 20;
  });
  CHECK(object.first == 11);
  CHECK(object.second == 22);

  pair_of_numbers const& constant = object;
  void const* addresses[2] = {};
  int at = 0;
  nn::for_each_field(constant, [&](std::string_view, auto& field) {
    static_assert(std::is_const_v<std::remove_reference_t<decltype(field)>>);
    addresses[at++] = &field;
  });
  CHECK(addresses[0] == &object.first);
  CHECK(addresses[1] == &object.second);
}

TEST_CASE("types that list their fields") {
  layer object(2, 3);
  std::string names;
  nn::for_each_field(object, [&](std::string_view name, auto& field) {
    names += name;
    if constexpr (std::is_same_v<decltype(field), std::optional<float>&>) {
      field = 7.0f;
    } else {
      CHECK(field.size() == 6);
    }
  });
  CHECK(names == "weightbias");
  layer const& constant = object;
  nn::for_each_field(constant, [](std::string_view, auto& field) {
    static_assert(std::is_const_v<std::remove_reference_t<decltype(field)>>);
    if constexpr (std::is_same_v<decltype(field), std::optional<float> const&>) CHECK(*field == 7.0f);
  });
}

TEST_CASE("local, unnamed and lambda-local structs") {
  struct local {
    int x;
    pair_of_numbers y;
    std::vector<pair_of_numbers> z;
  };
  CHECK(joined<local>() == "x y z ");

  struct {
    float weight = 3;
    std::unique_ptr<int> owner;
  } unnamed;
  CHECK(visited(unnamed) == "weight owner ");

  auto inside = [] {
    struct hidden {
      int q_proj;
      int k_proj2;
    };
    return joined<hidden>();
  };
  CHECK(inside() == "q_proj k_proj2 ");

  struct outer {  // the same names at two levels
    struct weight {
      int bias;
    } weight;
    int value;
    int pointer;
  };
  CHECK(joined<outer>() == "weight value pointer ");
  CHECK(joined<struct outer::weight>() == "bias ");
}

TEST_CASE("as many fields as there is room for") {
  thirty_two object{};
  int next = 0;
  nn::for_each_field(object, [&](std::string_view, int& field) { field = next++; });
  CHECK(next == 32);
  CHECK(object.a0 == 0);
  CHECK(object.b1 == 11);
  CHECK(object.d1 == 31);
  CHECK(nn::field_names<thirty_two>()[23] == "c3");
}

TEST_CASE("a visit works in constant expressions") {
  static constexpr int total = [] {
    pair_of_numbers object{3, 4};
    int sum = 0;
    nn::for_each_field(object, [&](std::string_view, auto& field) { sum += static_cast<int>(field); });
    return sum;
  }();
  static_assert(total == 7);
  CHECK(total == 7);
}
