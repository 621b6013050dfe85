// Whether the stack serves: taken as the steady state before the first step, waited for after each.
#pragma once

#include "harness/run/router.hpp"
#include "harness/workload/workload.hpp"

namespace holdfast::run {

class Recovery {
public:
  Recovery(async::Clock& clock, const scenario::Scenario& scenario, const Router& router, workload::Workload& workload,
           history::Recorder& recorder)
      : clock_(clock), scenario_(scenario), router_(router), workload_(workload), recorder_(recorder) {}

  /// Watches the workload until `steady` is over and something has succeeded; what was seen by then is what recovery is
  /// measured by. Throws StackError when everything failed: such a stack has never worked.
  [[nodiscard]] asio::awaitable<void> await_steady_state();

  /// Waits until the stack has served as before for a whole window that began after `restored`, or the deadline has
  /// passed, or `is_disturbed` says that another step begins. That is asked whenever `changed` is notified, and every
  /// few milliseconds. `after` is the step that it comes after. The history says which of the three it was.
  [[nodiscard]] asio::awaitable<void> await_recovery(std::string after, async::Time restored,
                                                     std::function<bool()> is_disturbed, async::Event& changed);

private:
  async::Clock& clock_;
  const scenario::Scenario& scenario_;
  const Router& router_;
  workload::Workload& workload_;
  history::Recorder& recorder_;
};

} // namespace holdfast::run
