#pragma once
// Of which kind the error is that something throws.

#include "physprobe/core/error.h"

#include <gtest/gtest.h>

#include <functional>

namespace physprobe::testing {

/// Fails the test, and says kInternal, when nothing is thrown.
inline ErrorKind kind_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "expected an error";
  return ErrorKind::kInternal;
}

}  // namespace physprobe::testing
