#include "physprobe/eval/voe/array_path.h"

#include <filesystem>

namespace physprobe {

ArrayPath split_array_path(const std::string& given) {
  const std::size_t colon = given.rfind(':');
  if (colon != std::string::npos && !std::filesystem::exists(given) &&
      std::filesystem::exists(given.substr(0, colon)))
    return {given.substr(0, colon), given.substr(colon + 1)};
  return {given, ""};
}

}  // namespace physprobe
