// Memory for what grows large: in large pages where the kernel gives them, which saves most of its page faults.
#pragma once

#include <cstddef>
#include <new>
#include <sys/mman.h>
#include <vector>

namespace holdfast::consistency {

constexpr std::size_t large_page = std::size_t{2} << 20;

/// A hint; of no effect where there are no such pages.
inline void prefer_large_pages(void* address, std::size_t bytes) {
  const auto before = (large_page - reinterpret_cast<std::size_t>(address) % large_page) % large_page;
  if (bytes >= before + large_page)
    (void)::madvise(static_cast<char*>(address) + before, (bytes - before) / large_page * large_page, MADV_HUGEPAGE);
}

/// For std::vector.
template <class T>
struct LargePages {
  using value_type = T;
  LargePages() = default;
  template <class Other>
  LargePages(const LargePages<Other>&) {}

  T* allocate(std::size_t count) {
    auto* const memory = static_cast<T*>(::operator new(count * sizeof(T)));
    prefer_large_pages(memory, count * sizeof(T));
    return memory;
  }
  void deallocate(T* memory, std::size_t) { ::operator delete(memory); }
  bool operator==(const LargePages&) const = default;
};

template <class T>
using LargeVector = std::vector<T, LargePages<T>>;

} // namespace holdfast::consistency
