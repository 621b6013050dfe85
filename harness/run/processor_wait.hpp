// How long this thread was ready to run and had no processor: what it waits, the services beside it wait as well.
#pragma once

#include <chrono>
#include <optional>

namespace holdfast::run {

/// Since the thread began, by the kernel's scheduler statistics; nothing where the kernel keeps none.
[[nodiscard]] std::optional<std::chrono::nanoseconds> processor_wait();

} // namespace holdfast::run
