#pragma once
// Safetensors files made byte by byte, so that each can be wrong in one way.

#include <cstdint>
#include <cstring>
#include <string>

namespace physprobe::testing {

/// Length prefix (that of the header unless given), header, data.
inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + header + data;
}

inline std::string entry_json(const std::string& name,
                              const std::string& dtype,
                              const std::string& shape,
                              const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

}  // namespace physprobe::testing
