#include "physprobe/datasets/voe/voe_item.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <charconv>

namespace physprobe {

const std::string& attribute_of(const DatasetItem& item, const char* name) {
  static const std::string kNone;
  const auto found = item.attributes.find(name);
  return found == item.attributes.end() ? kNone : found->second;
}

std::string property_of(const DatasetItem& item) {
  const std::string& property = attribute_of(item, kPropertyAttribute);
  return property.empty() ? "all" : property;
}

int64_t first_frame_of(const DatasetItem& item) {
  const std::string& text = attribute_of(item, kFirstFrameAttribute);
  if (text.empty()) return 0;
  int64_t frame = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), frame);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || frame < 0) {
    throw Error(ErrorKind::kInput, item.id,
                fmt::format("its first_frame is '{}'; expected a whole number from 0", text));
  }
  return frame;
}

}  // namespace physprobe
