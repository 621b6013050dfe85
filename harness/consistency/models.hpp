// Every model, each in its own file.
#pragma once

#include "harness/consistency/model.hpp"

namespace holdfast::consistency {

[[nodiscard]] Model register_model();
[[nodiscard]] Model cas_register_model();
[[nodiscard]] Model multi_register_model();
[[nodiscard]] Model mutex_model();
[[nodiscard]] Model kv_model();
[[nodiscard]] Model set_model();
[[nodiscard]] Model set_full_model();
[[nodiscard]] Model counter_model();
[[nodiscard]] Model queue_model();
[[nodiscard]] Model unique_ids_model();
[[nodiscard]] Model bank_model();
[[nodiscard]] Model list_append_model();
[[nodiscard]] Model rw_register_model();
[[nodiscard]] Model long_fork_model();

} // namespace holdfast::consistency
