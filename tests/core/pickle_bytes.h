#pragma once
// Pickles made opcode by opcode, as torch.save writes them (protocol 2).

#include <cstdint>
#include <string>
#include <vector>

#include "core/zip_bytes.h"

namespace physprobe::testing {

inline std::string pickled_text(const std::string& text) {
  return "X" + number(text.size(), 4) + text;
}

inline std::string pickled_number(int64_t value) {
  return "\x8a" + number(8, 1) + number(static_cast<uint64_t>(value), 8);  // LONG1
}

inline std::string pickled_tuple(const std::vector<std::string>& items) {
  std::string bytes = "(";
  for (const std::string& item : items) bytes += item;
  return bytes + "t";
}

inline std::string pickled_numbers(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (const int64_t value : values) items.push_back(pickled_number(value));
  return pickled_tuple(items);
}

inline std::string pickled_call(const std::string& module_and_name, const std::string& arguments) {
  const std::size_t space = module_and_name.find(' ');
  return "c" + module_and_name.substr(0, space) + "\n" + module_and_name.substr(space + 1) + "\n" +
         arguments + "R";
}

/// A tensor over the storage `key` of `elements` numbers of `type` ("FloatStorage").
inline std::string pickled_tensor(const std::string& type,
                                  const std::string& key,
                                  int64_t elements,
                                  int64_t offset,
                                  const std::vector<int64_t>& shape,
                                  const std::vector<int64_t>& strides) {
  const std::string storage =
      pickled_tuple({pickled_text("storage"), "ctorch\n" + type + "\n", pickled_text(key),
                     pickled_text("cpu"), pickled_number(elements)}) +
      "Q";
  return pickled_call("torch._utils _rebuild_tensor_v2",
                      pickled_tuple({storage, pickled_number(offset), pickled_numbers(shape),
                                     pickled_numbers(strides), "\x89",
                                     pickled_call("collections OrderedDict", ")")}));
}

inline std::string pickled_dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string bytes = "}(";
  for (const auto& [key, value] : entries) bytes += pickled_text(key) + value;
  return bytes + "u";
}

/// A file of torch.save: the pickle of `value` and the storages' bytes by key.
inline std::string torch_file_bytes(
    const std::string& value,
    const std::vector<std::pair<std::string, std::string>>& storages,
    const std::string& byte_order = "little") {
  std::vector<ZipMember> members = {{"archive/data.pkl", "\x80\x02" + value + "."},
                                    {"archive/byteorder", byte_order}};
  for (const auto& [key, bytes] : storages) members.push_back({"archive/data/" + key, bytes});
  return zip_bytes(members);
}

}  // namespace physprobe::testing
