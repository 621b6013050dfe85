// Every model, each in its own file.
#pragma once

#include "harness/consistency/model.hpp"

namespace holdfast::consistency {

Model register_model();
Model cas_register_model();
Model multi_register_model();
Model mutex_model();
Model kv_model();

} // namespace holdfast::consistency
