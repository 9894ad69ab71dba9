#pragma once
// Expecting a physprobe::Error of a kind whose text names what a reader needs.

#include "physprobe/core/error.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace physprobe::testing {

/// Succeeds if `action` throws an Error of `kind` whose what() contains `part`.
inline ::testing::AssertionResult throws_error(ErrorKind kind,
                                               const std::string& part,
                                               const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.kind() != kind) {
      return ::testing::AssertionFailure() << "kind is " << kind_name(error.kind()) << ", expected "
                                           << kind_name(kind) << ": " << error.what();
    }
    if (std::string(error.what()).find(part) == std::string::npos) {
      return ::testing::AssertionFailure() << "\"" << error.what() << "\" lacks \"" << part << "\"";
    }
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "nothing was thrown, expected \"" << part << "\"";
}

}  // namespace physprobe::testing
