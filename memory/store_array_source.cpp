#include "physprobe/core/error.h"
#include "physprobe/memory/array_source.h"
#include "physprobe/memory/embedding_store.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

namespace physprobe {

namespace {

class StoreArrays final : public ArraySource {
 public:
  explicit StoreArrays(const std::string& path) : store_(EmbeddingStore::open_reader(path)) {
    std::map<std::string, int> records_of_item;
    std::vector<std::string> items;
    store_->for_each_key([&](const std::string& key, const std::string& item, const std::string&) {
      ++records_of_item[item];
      keys_.push_back(key);
      items.push_back(item);
    });
    std::vector<std::pair<ArrayInfo, Member>> found;
    for (std::size_t record = 0; record < keys_.size(); ++record) {
      constexpr std::size_t kShortKey = 12;
      const std::string& item = items[record];
      const std::string prefix =
          (records_of_item[item] == 1 ? item : item + "@" + keys_[record].substr(0, kShortKey)) +
          "/";
      for (const FieldLayout& field : store_->fields(keys_[record])) {
        if (!at::isFloatingType(field.dtype) || field.shape.size() < 2) continue;
        found.push_back(
            {{prefix + field.name, ArrayKind::kFloating, at::toString(field.dtype), field.shape},
             {record, prefix.size()}});
      }
    }
    if (found.empty()) {
      throw Error(ErrorKind::kInput, path,
                  keys_.empty() ? "is an empty store"
                                : "keeps no trajectories, only vectors; embed again with "
                                  "--keep-tokens");
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first.name < b.first.name; });
    for (auto& [info, member] : found) {
      add(std::move(info));
      members_.push_back(member);
    }
  }
  at::Tensor read(const ArrayInfo& array) const override {
    const Member& member = members_.at(array.index);
    const std::string field = array.name.substr(member.field_begin);
    return store_->read(keys_[member.record], {field}).fields.at(field);
  }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    return read(array).slice(0, begin, end);
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    throw Error(ErrorKind::kInternal, array.name, "a store keeps no arrays of ids");
  }

 private:
  struct Member {
    std::size_t record;       ///< Position in `keys_`.
    std::size_t field_begin;  ///< Where the field's own name begins in the array's.
  };
  std::unique_ptr<EmbeddingStore> store_;
  std::vector<std::string> keys_;
  std::vector<Member> members_;  ///< As arrays().
};

}  // namespace

std::unique_ptr<ArraySource> open_store_arrays(const std::string& path) {
  return std::make_unique<StoreArrays>(path);
}

}  // namespace physprobe
