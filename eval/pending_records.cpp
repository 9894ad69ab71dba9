#include "physprobe/eval/pending_records.h"

namespace physprobe {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kFlushSeconds = 5.0;
constexpr std::size_t kFlushBytes = std::size_t{64} << 20;

std::size_t record_bytes(const StoreRecord& record) {
  std::size_t bytes = record.meta.size();
  for (const auto& [name, tensor] : record.fields) bytes += tensor.nbytes();
  return bytes;
}

}  // namespace

PendingRecords::PendingRecords(EmbeddingStore& store) : store_(store), last_flush_(Clock::now()) {}

bool PendingRecords::contains(const std::string& key) const {
  return waiting_.count(key) != 0 || store_.contains(key);
}

void PendingRecords::add(StoreRecord record) {
  bytes_ += record_bytes(record);
  order_.push_back(record.key);
  const std::string key = record.key;
  waiting_.emplace(key, std::move(record));
}

StoreRecord PendingRecords::get(const std::string& key) const {
  const auto found = waiting_.find(key);
  return found != waiting_.end() ? found->second : store_.read(key);
}

bool PendingRecords::is_due() const {
  return bytes_ >= kFlushBytes ||
         std::chrono::duration<double>(Clock::now() - last_flush_).count() > kFlushSeconds;
}

void PendingRecords::flush() {
  std::vector<StoreRecord> batch;
  batch.reserve(order_.size());
  for (const std::string& key : order_) batch.push_back(waiting_.at(key));
  store_.append(batch);
  waiting_.clear();
  order_.clear();
  bytes_ = 0;
  last_flush_ = Clock::now();
}

}  // namespace physprobe
