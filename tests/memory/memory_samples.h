#pragma once
// Rows, cases and comparisons that several tests of the visual memory share.

#include "physprobe/core/error.h"
#include "physprobe/core/neighbours.h"
#include "physprobe/core/rng.h"
#include "physprobe/memory/visual_memory.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace physprobe::testing {

/// The kind of the Error that `body` throws; fails the test if it throws none.
template <typename Body>
ErrorKind kind_thrown(const Body& body, std::string* message = nullptr) {
  try {
    body();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.kind();
  }
  ADD_FAILURE() << "no Error was thrown";
  return ErrorKind::kInternal;
}

inline std::vector<MemoryCase> plain_cases(int64_t count) {
  std::vector<MemoryCase> cases;
  for (int64_t i = 0; i < count; ++i) cases.push_back({fmt::format("m{:06}", i), "", ""});
  return cases;
}

/// Standard normal rows from an explicit seed.
inline at::Tensor random_rows(Rng& rng, int64_t count, int64_t dimension) {
  at::Tensor rows = at::empty({count, dimension}, at::kFloat);
  for (int64_t i = 0; i < rows.numel(); ++i) {
    rows.data_ptr<float>()[i] = static_cast<float>(rng.normal());
  }
  return rows;
}

inline void expect_same(const Neighbours& a, const Neighbours& b) {
  ASSERT_EQ(a.ids, b.ids);
  ASSERT_EQ(a.distances, b.distances);  // bit for bit
}

}  // namespace physprobe::testing
