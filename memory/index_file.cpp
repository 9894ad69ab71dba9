#include "physprobe/memory/index_file.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/input_file.h"
#include "physprobe/core/json_lines.h"

#include <faiss/IndexFlat.h>
#include <faiss/impl/FaissException.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace physprobe {

namespace {

constexpr int kSchema = 1;
constexpr uint64_t kMostHeaderBytes = 4096;

std::string faiss_version() {
  return fmt::format("{}.{}.{}", FAISS_VERSION_MAJOR, FAISS_VERSION_MINOR, FAISS_VERSION_PATCH);
}

std::string sidecar_path(const std::string& path) {
  return path + ".json";
}

[[noreturn]] void throw_unfit(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::kIncompatible, path, what + "; build the index again");
}

/// Writes through core's atomic file, so that a full disk is noticed, and digests on the way.
struct DigestingWriter final : faiss::IOWriter {
  explicit DigestingWriter(const std::string& path) : file(path) {}
  std::size_t operator()(const void* data, std::size_t size, std::size_t count) override {
    file.write(data, size * count);
    digest.update(data, size * count);
    written += size * count;
    return count;
  }
  AtomicFile file;
  Sha256 digest;
  uint64_t written = 0;
};

struct CheckedReader final : faiss::IOReader {
  explicit CheckedReader(const std::string& path) : file(path) {}
  std::size_t operator()(void* out, std::size_t size, std::size_t count) override {
    if (size == 0) return 0;
    const uint64_t whole = std::min<uint64_t>(count, (file.size() - position) / size);
    file.read_at(position, out, static_cast<std::size_t>(whole * size));
    position += whole * size;
    return static_cast<std::size_t>(whole);
  }
  InputFile file;
  uint64_t position = 0;
};

/// The sidecar's content, its own digest checked.
nlohmann::json read_sidecar(const std::string& path) {
  nlohmann::json sidecar;
  try {
    sidecar = read_json(path);
  } catch (const Error& error) {
    if (!std::filesystem::exists(path)) throw;
    throw_unfit(path, "cannot be read: " + error.message());
  }
  if (!sidecar.is_object() || !sidecar.contains("sha256")) throw_unfit(path, "has no digest");
  const nlohmann::json digest = sidecar["sha256"];
  sidecar.erase("sha256");
  if (digest != sha256_hex(dump_json(sidecar))) {
    throw_unfit(path, "does not fit its own digest; bytes were changed");
  }
  return sidecar;
}

/// Refuses a field that differs from what is expected.
void expect(const std::string& path,
            const nlohmann::json& sidecar,
            const char* field,
            const nlohmann::json& expected) {
  const nlohmann::json found = sidecar.value(field, nlohmann::json());
  if (found != expected) {
    throw_unfit(
        path, fmt::format("has {} {}, expected {}", field, dump_json(found), dump_json(expected)));
  }
}

std::unique_ptr<faiss::IndexFlat> read_flat_index(const std::string& path) {
  std::unique_ptr<faiss::Index> index;
  try {
    CheckedReader reader(path);
    index.reset(faiss::read_index(&reader));
  } catch (const faiss::FaissException& exception) {
    throw_unfit(path, std::string("cannot be read by FAISS: ") + exception.what());
  }
  auto* flat = dynamic_cast<faiss::IndexFlat*>(index.get());
  if (flat == nullptr) throw_unfit(path, "does not hold a flat index");
  static_cast<void>(index.release());
  return std::unique_ptr<faiss::IndexFlat>(flat);
}

}  // namespace

void write_index_file(const std::string& path,
                      const std::string& source_digest,
                      const faiss::IndexFlat& index,
                      Metric metric,
                      const std::vector<MemoryCase>& cases) {
  DigestingWriter writer(path);
  try {
    faiss::write_index(&index, &writer);
  } catch (const faiss::FaissException& exception) {
    throw Error(ErrorKind::kResource, path,
                std::string("FAISS cannot write it: ") + exception.what());
  }
  nlohmann::json sidecar;
  sidecar["format"] = "physprobe-index";
  sidecar["schema"] = kSchema;
  sidecar["faiss_version"] = faiss_version();
  sidecar["metric"] = metric_name(metric);
  sidecar["dimension"] = index.d;
  sidecar["source_digest"] = source_digest;
  sidecar["index_bytes"] = writer.written;
  sidecar["index_sha256"] = writer.digest.hex();
  for (const char* field : {"ids", "groups", "labels"}) sidecar[field] = nlohmann::json::array();
  for (const MemoryCase& item : cases) {
    sidecar["ids"].push_back(item.id);
    sidecar["groups"].push_back(item.group);
    sidecar["labels"].push_back(item.label);
  }
  sidecar["sha256"] = sha256_hex(dump_json(sidecar));
  writer.file.commit();
  write_file_atomic(sidecar_path(path), dump_json(sidecar) + "\n");
}

IndexContent read_index_file(const std::string& path, const std::string& expected_source_digest) {
  const std::string beside = sidecar_path(path);
  const nlohmann::json sidecar = read_sidecar(beside);
  expect(beside, sidecar, "format", "physprobe-index");
  expect(beside, sidecar, "schema", kSchema);
  expect(beside, sidecar, "source_digest", expected_source_digest);
  expect(beside, sidecar, "faiss_version", faiss_version());

  IndexContent content;
  int64_t dimension = 0;
  uint64_t index_bytes = 0;
  std::string index_digest;
  try {
    content.metric = metric_from_name(sidecar.at("metric").get<std::string>());
    dimension = sidecar.at("dimension").get<int64_t>();
    index_bytes = sidecar.at("index_bytes").get<uint64_t>();
    index_digest = sidecar.at("index_sha256").get<std::string>();
    const auto ids = sidecar.at("ids").get<std::vector<std::string>>();
    const auto groups = sidecar.at("groups").get<std::vector<std::string>>();
    const auto labels = sidecar.at("labels").get<std::vector<std::string>>();
    if (groups.size() != ids.size() || labels.size() != ids.size()) {
      throw_unfit(beside, "has lists of different lengths");
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      content.cases.push_back({ids[i], groups[i], labels[i]});
    }
  } catch (const nlohmann::json::exception& exception) {
    throw_unfit(beside, std::string("is malformed: ") + exception.what());
  }

  // Everything about the size is settled before FAISS allocates from the file's own header.
  const uint64_t actual_bytes = InputFile(path).size();
  if (dimension <= 0 || dimension > (int64_t{1} << 24)) throw_unfit(beside, "has a bad dimension");
  const uint64_t vector_bytes =
      static_cast<uint64_t>(dimension) * sizeof(float) * content.cases.size();
  if (actual_bytes != index_bytes || actual_bytes < vector_bytes ||
      actual_bytes > vector_bytes + kMostHeaderBytes) {
    throw_unfit(path, fmt::format("has {} bytes, expected {} for {} vectors of {} numbers",
                                  actual_bytes, index_bytes, content.cases.size(), dimension));
  }
  if (sha256_file(path) != index_digest) {
    throw_unfit(path, "does not fit the digest in its sidecar; bytes were changed");
  }
  content.index = read_flat_index(path);
  const faiss::MetricType expected_type =
      content.metric == Metric::kL2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
  if (content.index->d != dimension || content.index->metric_type != expected_type ||
      content.index->ntotal != static_cast<int64_t>(content.cases.size())) {
    throw_unfit(path, "holds another index than its sidecar describes");
  }
  return content;
}

}  // namespace physprobe
