#pragma once
// An array inside a file as one word: PATH:ARRAY.

#include <string>

namespace physprobe {

struct ArrayPath {
  std::string file;
  std::string array;  ///< "" when only a file is named.
};

/// Splits at the last colon if what stands before it exists and the whole does not.
ArrayPath split_array_path(const std::string& given);

}  // namespace physprobe
