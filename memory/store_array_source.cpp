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
    std::vector<std::pair<std::string, std::string>> keys;
    store_->for_each_key([&](const std::string& key, const std::string& item, const std::string&) {
      ++records_of_item[item];
      keys.emplace_back(key, item);
    });
    for (const auto& [key, item] : keys) {
      constexpr std::size_t kShortKey = 12;
      const std::string prefix =
          records_of_item[item] == 1 ? item : item + "@" + key.substr(0, kShortKey);
      for (const auto& [field, tensor] : store_->read(key).fields) {
        if (!tensor.is_floating_point() || tensor.dim() < 2) continue;
        arrays_.push_back({prefix + "/" + field, ArrayKind::kFloating,
                           at::toString(tensor.scalar_type()), tensor.sizes().vec()});
        members_[arrays_.back().name] = {key, field};
      }
    }
    if (arrays_.empty()) {
      throw Error(ErrorKind::kInput, path,
                  "keeps no trajectories, only vectors; embed again keeping the tokens");
    }
    std::sort(arrays_.begin(), arrays_.end(),
              [](const ArrayInfo& a, const ArrayInfo& b) { return a.name < b.name; });
  }
  const std::vector<ArrayInfo>& arrays() const override { return arrays_; }
  at::Tensor read(const ArrayInfo& array) const override {
    const auto& [key, field] = members_.at(array.name);
    return store_->read(key, {field}).fields.at(field);
  }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    return read(array).slice(0, begin, end);
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    throw Error(ErrorKind::kInternal, array.name, "a store keeps no arrays of ids");
  }

 private:
  std::unique_ptr<EmbeddingStore> store_;
  std::vector<ArrayInfo> arrays_;
  std::map<std::string, std::pair<std::string, std::string>> members_;
};

}  // namespace

std::unique_ptr<ArraySource> open_store_arrays(const std::string& path) {
  return std::make_unique<StoreArrays>(path);
}

}  // namespace physprobe
