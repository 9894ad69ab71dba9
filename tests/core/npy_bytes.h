#pragma once
// .npy files made byte by byte, as NumPy writes them and as it would not.

#include <string>

namespace physprobe::testing {

/// Magic, version, length, dictionary (padded as given), elements.
inline std::string npy_bytes(const std::string& dictionary,
                             const std::string& data,
                             int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  const std::size_t size = dictionary.size();
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += static_cast<char>((size >> (8 * i)) & 255);
  return bytes + dictionary + data;
}

inline std::string npy_dictionary(const std::string& descr,
                                  const std::string& shape,
                                  const std::string& fortran_order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape +
         ", }\n";
}

}  // namespace physprobe::testing
