#include "physprobe/report/run_files.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

namespace physprobe {
namespace {

using Json = nlohmann::json;

double number_or_nan(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

double curvature(const Json& encoder, const std::string& tap) {
  const Json& taps = encoder.at("taps");
  if (!taps.contains(tap)) return std::numeric_limits<double>::quiet_NaN();
  return number_or_nan(taps.at(tap).at("mean_curvature_deg"));
}

ItemSummary summarise(const Json& line, const EncoderTaps& ranking) {
  ItemSummary item;
  item.id = line.at("id").get<std::string>();
  item.label = line.at("label").get<std::string>();
  const Json& media = line.at("media");
  if (media.contains("strip")) {
    item.strip = media.at("strip").get<std::string>();
    item.strip_frames = media.at("strip_frames").get<int64_t>();
    const double width = line.at("video").at("width").get<double>();
    const double height = line.at("video").at("height").get<double>();
    // The strip squeezes very wide and very tall frames to 3:1 and 1:3 (eval's media rule).
    if (width > 0 && height > 0) item.aspect = std::min(3.0, std::max(1.0 / 3.0, width / height));
  }
  item.tap_deg = item.pixel_deg = std::numeric_limits<double>::quiet_NaN();
  const Json& encoders = line.at("encoders");
  if (encoders.contains(ranking.id)) {
    item.tap_deg = curvature(encoders.at(ranking.id), ranking.main_tap);
    item.pixel_deg = curvature(encoders.at(ranking.id), "pixel");
  }
  return item;
}

}  // namespace

struct RunFiles::Results {
  Json json;
};

RunFiles::RunFiles(const std::string& directory) : directory_(directory), results_(new Results) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory_, ignored)) {
    throw Error(ErrorKind::kInput, directory_,
                "is no directory; expected the OUT of a finished `physprobe run`");
  }
  read_results();
  read_items();
  check_failures();
}

RunFiles::~RunFiles() = default;

const nlohmann::json& RunFiles::results() const {
  return results_->json;
}

void RunFiles::read_results() {
  for (const char* name : {"results.json", "items.jsonl", "COMPLETE"}) {
    if (!std::filesystem::exists(std::filesystem::path(directory_) / name)) {
      throw Error(
          ErrorKind::kInput, directory_,
          fmt::format(
              "holds no finished run: {} is missing; start the same `physprobe run` again, it "
              "continues where it stopped",
              name));
    }
  }
  const std::string path = directory_ + "/results.json";
  results_->json = read_json(path);
  const Json& json = results_->json;
  if (!json.is_object() || !json.contains("schema") || !json["schema"].is_number_integer()) {
    throw Error(ErrorKind::kInput, path,
                "has no integer field 'schema'; it was not written by physprobe");
  }
  if (json["schema"].get<int64_t>() != 1) {
    throw Error(
        ErrorKind::kIncompatible, path,
        fmt::format("has schema {}, this physprobe reads schema 1; use the version that wrote it",
                    json["schema"].get<int64_t>()));
  }
  const std::string digest = sha256_file(path);
  if (read_file(directory_ + "/COMPLETE").find(digest) == std::string::npos) {
    throw Error(
        ErrorKind::kInput, path,
        fmt::format(
            "was changed after the run: its digest {} is not the one in COMPLETE; run it again",
            digest));
  }
  try {
    for (const char* count : {"items", "ok", "failed"}) json.at("counts").at(count).get<int64_t>();
    for (const Json& encoder : json.at("encoders")) {
      EncoderTaps known;
      known.id = encoder.at("id").get<std::string>();
      const std::string retrieval = encoder.at("retrieval_tap").get<std::string>();
      for (const Json& tap : encoder.at("taps")) {
        known.taps.push_back(tap.at("name").get<std::string>());
        const std::string& name = known.taps.back();
        if (name != "pixel" && known.main_tap != retrieval) known.main_tap = name;
      }
      encoders_.push_back(known);
    }
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kInput, path,
                fmt::format("is not as docs/run_format.md says: {}", error.what()));
  }
}

void RunFiles::read_items() {
  const std::string path = directory_ + "/items.jsonl";
  const EncoderTaps ranked_by = ranking();
  for_each_json_line(path, [&](int64_t line, const Json& json) {
    try {
      items_.push_back(summarise(json, ranked_by));
    } catch (const Json::exception& error) {
      throw Error(ErrorKind::kInput, fmt::format("{}:{}", path, line),
                  fmt::format("is not as docs/run_format.md says: {}", error.what()));
    }
    if (!index_.emplace(items_.back().id, static_cast<int64_t>(items_.size()) - 1).second) {
      throw Error(ErrorKind::kInput, fmt::format("{}:{}", path, line),
                  fmt::format("item '{}' stands here a second time", items_.back().id));
    }
  });
  const int64_t expected = results_->json.at("counts").at("ok").get<int64_t>();
  if (expected != static_cast<int64_t>(items_.size())) {
    throw Error(
        ErrorKind::kInput, path,
        fmt::format("has {} items, results.json counts {}; run it again", items_.size(), expected));
  }
}

void RunFiles::check_failures() const {
  int64_t count = 0;
  for_each_failure([&](const Json&) { ++count; });
  const int64_t expected = results_->json.at("counts").at("failed").get<int64_t>();
  if (expected != count) {
    throw Error(
        ErrorKind::kInput, directory_ + "/failures.jsonl",
        fmt::format("has {} failures, results.json counts {}; run it again", count, expected));
  }
}

EncoderTaps RunFiles::ranking() const {
  for (const EncoderTaps& encoder : encoders_) {
    if (!encoder.main_tap.empty()) return encoder;
  }
  return {};
}

int64_t RunFiles::find(const std::string& id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? -1 : found->second;
}

void RunFiles::for_each(const std::function<bool(int64_t)>& wants,
                        const std::function<void(int64_t, const nlohmann::json&)>& body) const {
  const std::string path = directory_ + "/items.jsonl";
  std::ifstream file(path, std::ios::binary);
  std::string line;
  int64_t index = 0;
  while (std::getline(file, line)) {
    if (line.empty()) continue;
    if (wants(index)) {
      try {
        body(index, Json::parse(line));
      } catch (const Json::exception& error) {
        throw Error(ErrorKind::kInput, path,
                    fmt::format("item '{}' is not as docs/run_format.md says: {}",
                                items_[static_cast<std::size_t>(index)].id, error.what()));
      }
    }
    ++index;
  }
  if (index != static_cast<int64_t>(items_.size())) {
    throw Error(ErrorKind::kInput, path, "changed while it was read; is the run still going on?");
  }
}

void RunFiles::for_each_failure(const std::function<void(const nlohmann::json&)>& body) const {
  const std::string path = directory_ + "/failures.jsonl";
  if (!std::filesystem::exists(path)) return;
  for_each_json_line(path, [&](int64_t line, const Json& json) {
    try {
      body(json);
    } catch (const Json::exception& error) {
      throw Error(ErrorKind::kInput, fmt::format("{}:{}", path, line),
                  fmt::format("is not as docs/run_format.md says: {}", error.what()));
    }
  });
}

}  // namespace physprobe
