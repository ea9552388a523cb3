// What a model is made of, under the names that a model is written with: nn::parameter, nn::buffer, and the fields of a struct.
// (They are below gradients, which look for parameters: models/.)
#pragma once
#include <weft/models/walk.hpp>

namespace weft::nn {

using models::buffer, models::is_buffer;
using models::parameter, models::is_parameter;
using models::field_count, models::field_names, models::for_each_field, models::lists_fields, models::reflectable;

}  // namespace weft::nn
