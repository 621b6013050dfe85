// Every model, each in its own file.
#pragma once

#include "harness/consistency/model.hpp"

namespace holdfast::consistency {

// Model register_model(); …

} // namespace holdfast::consistency
