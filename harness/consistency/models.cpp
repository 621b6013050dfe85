#include "harness/consistency/models.hpp"

#include "harness/consistency/model.hpp"

#include <algorithm>

namespace holdfast::consistency {

const std::vector<Model>& models() {
  static const std::vector<Model> all = {
      register_model(), cas_register_model(), multi_register_model(), mutex_model(),    kv_model(),
      set_model(),      set_full_model(),     counter_model(),        queue_model(),    unique_ids_model(),
      bank_model(),     list_append_model(),  rw_register_model(),    long_fork_model()};
  return all;
}

const Model* find_model(std::string_view name) {
  const auto found =
      std::find_if(models().begin(), models().end(), [&](const Model& model) { return model.name == name; });
  return found == models().end() ? nullptr : &*found;
}

} // namespace holdfast::consistency
