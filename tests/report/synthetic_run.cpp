#include "synthetic_run.h"

#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/rng.h"

#include "support/golden.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace physprobe::testing {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* kEncoder = "v1-S64-N3-K4";
constexpr int64_t kSamples = 12;

struct Media {
  std::string strip, clip;
  int64_t width, height;
};

void place(const std::string& from, const std::string& to, int64_t padded_bytes) {
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
  if (padded_bytes > static_cast<int64_t>(fs::file_size(to)))
    fs::resize_file(to, static_cast<std::uintmax_t>(padded_bytes));
}

Media media_of(const SyntheticRun& run, const std::string& directory, int64_t item) {
  const std::string kind = item % 2 == 0 ? "a" : "b";
  const std::string name = run.own_media ? fmt::format("media/{:05}", item) : "media/" + kind;
  const Media media{name + ".jpg", name + ".mp4", item % 2 == 0 ? 48 : 64, 48};
  if (!run.own_media) return media;
  // Links: files of their own without their own bytes on disk.
  fs::create_hard_link(directory + "/media/" + kind + ".jpg", directory + "/" + media.strip);
  fs::create_hard_link(directory + "/media/" + kind + ".mp4", directory + "/" + media.clip);
  return media;
}

Json tap_values(Rng& rng, double centre) {
  Json distance = Json::array();
  Json angles = Json::array();
  double sum = 0.0;
  for (int64_t i = 0; i + 1 < kSamples; ++i) distance.push_back(0.5 + rng.uniform());
  for (int64_t i = 0; i + 2 < kSamples; ++i) {
    const double angle = centre + 20.0 * (rng.uniform() - 0.5);
    sum += angle;
    angles.push_back(angle);
  }
  const double mean = sum / static_cast<double>(kSamples - 2);
  return Json{{"distance", distance},
              {"curvature_deg", angles},
              {"mean_curvature_deg", mean},
              {"henaff_mean_curvature_deg", mean - 1e-7},
              {"n_zero_steps", 0},
              {"restrav21", std::vector<double>(21, 0.5)},
              {"restrav_partial", nullptr},
              {"geophys",
               {{"speed", rng.uniform()},
                {"curv", rng.uniform()},
                {"ang", rng.uniform()},
                {"accel", rng.uniform()},
                {"perr", rng.uniform()}}},
              {"fade_mean_curvature_deg", 12.0 + rng.uniform()},
              {"shuffled_mean_curvature_deg", 119.0 + rng.uniform()},
              {"untrained_mean_curvature_deg", nullptr}};
}

std::string id_of(const SyntheticRun& run, int64_t item) {
  if (item < static_cast<int64_t>(run.first_ids.size()))
    return run.first_ids[static_cast<std::size_t>(item)];
  return fmt::format("clip-{:04}", item);
}

Json item_of(const SyntheticRun& run, const std::string& directory, int64_t item, Rng& rng) {
  const std::string id = id_of(run, item);
  const Media files = media_of(run, directory, item);
  Json taps = Json::object();
  for (const auto& [tap, centre] :
       {std::pair<const char*, double>{"pixel", 85.0}, {"retina", 78.0}, {"v1", 58.0}}) {
    taps[tap] = tap_values(rng, centre + (item % 2 == 0 ? 0.0 : 30.0));
  }
  Json neighbours = Json::array();
  for (int64_t k = 1; k <= 3 && k < run.items; ++k) {
    neighbours.push_back(
        {{"id", id_of(run, (item + k) % run.items)}, {"distance", 0.1 * static_cast<double>(k)}});
  }
  Json indices = Json::array();
  Json times = Json::array();
  for (int64_t i = 0; i < kSamples; ++i) {
    indices.push_back(2 * i);
    times.push_back(static_cast<double>(i) / 12.0);
  }
  Json media = {{"strip", files.strip}, {"strip_frames", 12}, {"strip_indices", indices}};
  if (run.with_clips) media["clip"] = files.clip;
  return Json{
      {"id", id},
      {"path", id + ".mp4"},
      {"digest", sha256_hex(id)},
      {"label", run.labels[static_cast<std::size_t>(item) % run.labels.size()]},
      {"group", ""},
      {"pair", ""},
      {"attributes", {{"texture", "plaid"}}},
      {"video",
       {{"width", files.width},
        {"height", files.height},
        {"fps", 24.0},
        {"frame_count", 24},
        {"duration_seconds", 1.0},
        {"codec", "h264"},
        {"container", "mov,mp4"},
        {"bit_depth", 8},
        {"damage", Json::array()}}},
      {"sampling",
       {{"scheme", "all"}, {"indices", indices}, {"pts_seconds", times}, {"n_distinct", kSamples}}},
      {"media", media},
      {"encoders", {{kEncoder, {{"taps", taps}, {"neighbours", neighbours}}}}}};
}

Json interval_around(double value, double reach) {
  return Json{{"low", value - reach}, {"high", value + reach}, {"level", 0.95}, {"method", "bca"}};
}

Json results_of(const SyntheticRun& run) {
  std::vector<std::string> labels = {""};
  if (run.labels.size() > 1) labels.insert(labels.end(), run.labels.begin(), run.labels.end());
  Json scores = Json::array();
  Json profile = Json::array();
  Json counts = Json::object();
  for (const std::string& label : run.labels)
    counts[label] = run.items / static_cast<int64_t>(run.labels.size());
  for (const auto& [tap, value] :
       {std::pair<const char*, double>{"pixel", 85.25}, {"retina", 78.5}, {"v1", 57.625}}) {
    for (const char* condition : {"clip", "fade", "shuffled"}) {
      for (const std::string& label : labels) {
        scores.push_back({{"name", "mean_curvature_deg"},
                          {"protocol", "straightening/curvature-1"},
                          {"encoder", kEncoder},
                          {"tap", tap},
                          {"condition", condition},
                          {"label", label},
                          {"value", value},
                          {"unit", "deg"},
                          {"n", run.items},
                          {"interval", interval_around(value, 4.0)},
                          {"higher_is", "more curved"}});
        if (std::string(tap) == "pixel" || std::string(condition) == "shuffled") continue;
        profile.push_back({{"encoder", kEncoder},
                           {"label", label},
                           {"condition", condition},
                           {"tap", tap},
                           {"n", run.items},
                           {"mean_curvature_deg", value},
                           {"mean_interval", interval_around(value, 4.0)},
                           {"difference_deg", value - 85.25},
                           {"difference_interval", interval_around(value - 85.25, 3.0)},
                           {"ratio", 0.92},
                           {"ratio_interval", interval_around(0.92, 0.03)},
                           {"share_straighter", 0.75},
                           {"share_interval", interval_around(0.75, 0.1)}});
      }
    }
  }
  scores.push_back({{"name", "nearest_case_label_agreement"},
                    {"protocol", "memorization/1"},
                    {"encoder", kEncoder},
                    {"tap", "v1"},
                    {"condition", "clip"},
                    {"label", ""},
                    {"value", 0.875},
                    {"unit", "share"},
                    {"n", run.items},
                    {"interval", interval_around(0.875, 0.0625)},
                    {"higher_is", "more alike"},
                    {"chance", 0.4375}});
  return Json{
      {"schema", 1},
      {"name", "synthetic"},
      {"description", "Numbers made up for a test."},
      {"counts",
       {{"items", run.items + run.failures}, {"ok", run.items}, {"failed", run.failures}}},
      {"dataset", {{"layout", "manifest"}, {"digest", sha256_hex("data")}, {"labels", counts}}},
      {"encoders",
       {{{"id", kEncoder},
         {"family", "v1"},
         {"description", "Oriented energy"},
         {"weights_digest", "none"},
         {"is_verified", true},
         {"preprocess", "centre-square 64"},
         {"taps",
          {{{"name", "pixel"}, {"width", 4096}, {"description", "input"}},
           {{"name", "retina"}, {"width", 4096}, {"description", "gain control"}},
           {{"name", "v1"}, {"width", 65536}, {"description", "energy"}}}},
         {"retrieval_tap", "v1"}}}},
      {"scores", scores},
      {"layer_profile", profile},
      {"nulls",
       {{{"name", "untrained"},
         {"encoder", kEncoder},
         {"applies", false},
         {"text", "v1 has no weights to draw anew"}}}},
      {"notes", {"2 of 8 items repeat frames."}},
      {"provenance",
       {{"producer", "physprobe test"},
        {"suite_digest", sha256_hex("suite")},
        {"protocols", {"straightening/curvature-1"}},
        {"seed", 7},
        {"suite", {{"name", "synthetic"}}}}}};
}

}  // namespace

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int64_t count_of(const std::string& text, const std::string& part) {
  int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size()))
    ++count;
  return count;
}

void write_results(const nlohmann::ordered_json& results, const std::string& directory) {
  const std::string text = dump_json_pretty(results);
  write_text(directory + "/results.json", text);
  write_text(directory + "/COMPLETE", sha256_hex(text) + "\n");
}

void write_synthetic_run(const SyntheticRun& run, const std::string& directory) {
  fs::create_directories(directory + "/media");
  for (const char* name : {"a", "b"}) {
    place(golden_path(fmt::format("report/strip-{}.jpg", name)),
          fmt::format("{}/media/{}.jpg", directory, name), run.strip_bytes);
    place(golden_path(fmt::format("report/clip-{}.mp4", name)),
          fmt::format("{}/media/{}.mp4", directory, name), run.strip_bytes);
  }
  Rng rng(run.seed);
  std::string items;
  for (int64_t i = 0; i < run.items; ++i)
    items += dump_json(item_of(run, directory, i, rng)) + "\n";
  write_text(directory + "/items.jsonl", items);
  std::string failures;
  for (int64_t i = 0; i < run.failures; ++i) {
    failures += dump_json(Json{{"id", fmt::format("broken-{:03}", i)},
                               {"path", "broken.mp4"},
                               {"kind", "input"},
                               {"message", "broken.mp4: <truncated> & lost"}}) +
                "\n";
  }
  write_text(directory + "/failures.jsonl", failures);
  write_results(results_of(run), directory);
}

}  // namespace physprobe::testing
