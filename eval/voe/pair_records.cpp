#include "physprobe/eval/voe/pair_records.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/eval/report_media.h"
#include "physprobe/eval/voe/score_surprise.h"
#include "physprobe/video/preprocess.h"
#include "physprobe/video/resample.h"
#include "physprobe/video/video_writer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMomentHeight = 168;

struct JudgedPair {
  SurprisePair pair;
  double gap = 0.0;  ///< Mean surprise of the impossible minus that of the possible video.
};

class Writer {
 public:
  Writer(const SurpriseRun& run,
         const Suite& suite,
         const SurpriseJob& job,
         const PairRecordOptions& options,
         const std::string& directory)
      : run_(run), suite_(suite), job_(job), options_(options), directory_(directory) {
    for (const SurpriseRunItem& item : run.items) items_[item.item->id] = &item;
    const std::vector<int64_t>& contexts = run.models.front().set.contexts;
    row_ = static_cast<std::size_t>(
        std::find(contexts.begin(), contexts.end(), options.fixed_context) - contexts.begin());
  }

  std::vector<std::string> write() {
    std::set<std::string> properties;
    for (const SurpriseItem& item : run_.models.front().set.items) properties.insert(item.property);
    std::string lines;
    for (const std::string& property : properties) {
      const std::vector<JudgedPair> judged = judged_pairs(property);
      const auto count = static_cast<int64_t>(judged.size());
      const int64_t shown = std::min(count, options_.most_pairs);
      for (int64_t i = 0; i < shown; ++i) {
        const int64_t which = shown == 1 ? 0 : i * (count - 1) / (shown - 1);
        Json line = pair_json(judged[static_cast<std::size_t>(which)]);
        line["property"] = property;
        line["n_pairs"] = count;
        lines += dump_json(line) + "\n";
      }
    }
    write_file_atomic(directory_ + "/pairs.jsonl", lines);
    files_.emplace_back("pairs.jsonl");
    return std::move(files_);
  }

 private:
  std::vector<JudgedPair> judged_pairs(const std::string& property) const {
    std::vector<PairProblem> known;  // named by score_surprise already
    std::vector<JudgedPair> judged;
    for (const SurprisePair& pair : surprise_pairs(run_.models.front().set, property, known)) {
      judged.push_back({pair, mean_of(*pair.impossible) - mean_of(*pair.possible)});
    }
    std::stable_sort(judged.begin(), judged.end(),
                     [](const JudgedPair& a, const JudgedPair& b) { return a.gap < b.gap; });
    return judged;
  }

  double mean_of(const SurpriseItem& item) const {
    return pooled_curve(item.curves[row_], SurprisePooling::kMean);
  }

  std::vector<double> timeline_of(const SurpriseRunItem& item) const {
    const at::Tensor row =
        item.model.video.timeline[static_cast<int64_t>(row_)].to(at::kDouble).contiguous();
    return {row.data_ptr<double>(), row.data_ptr<double>() + row.numel()};
  }

  Json pair_json(const JudgedPair& judged) {
    const SurpriseRunItem& possible = *items_.at(judged.pair.possible->id);
    const SurpriseRunItem& impossible = *items_.at(judged.pair.impossible->id);
    const std::vector<double> calm = timeline_of(possible);
    const std::vector<double> struck = timeline_of(impossible);
    int64_t moment = -1;
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t slot = 0; slot < std::min(calm.size(), struck.size()); ++slot) {
      const double gap = struck[slot] - calm[slot];
      if (gap > largest) {
        largest = gap;
        moment = static_cast<int64_t>(slot);
      }
    }
    Json json{{"pair", judged.pair.pair},
              {"context", options_.fixed_context},
              {"right", judged.gap > 0.0},
              {"gap", judged.gap},
              {"moment", nullptr}};
    if (moment >= 0) {
      json["moment"] = Json{{"slot", moment},
                            {"seconds", seconds_of(impossible)[static_cast<std::size_t>(moment)]},
                            {"gap", largest}};
    }
    const double scale = brightest(possible, impossible, moment);
    json["possible"] = member_json(possible, *judged.pair.possible, calm, moment, scale);
    json["impossible"] = member_json(impossible, *judged.pair.impossible, struck, moment, scale);
    return json;
  }

  static std::vector<double> seconds_of(const SurpriseRunItem& item) {
    std::vector<double> seconds;
    const std::vector<double>& pts = item.model.facts.pts_seconds;
    for (std::size_t i = 0; i < pts.size();
         i += static_cast<std::size_t>(item.model.video.slot_frames))
      seconds.push_back(pts[i]);
    return seconds;
  }

  /// The largest surprise of a token at the moment: both members are shown on one scale.
  static double brightest(const SurpriseRunItem& a, const SurpriseRunItem& b, int64_t moment) {
    double largest = 0.0;
    for (const SurpriseRunItem* item : {&a, &b}) {
      const at::Tensor& map = item->model.video.map;
      if (map.defined() && moment >= 0 && moment < map.size(0))
        largest = std::max(largest, map[moment].nan_to_num(0.0).max().item<double>());
    }
    return largest;
  }

  Json member_json(const SurpriseRunItem& item,
                   const SurpriseItem& labelled,
                   const std::vector<double>& timeline,
                   int64_t moment,
                   double scale) {
    Json surprise = Json::array();
    for (const double value : timeline)
      surprise.push_back(std::isfinite(value) ? Json(value) : Json());
    Json json{{"id", labelled.id},    {"mean", mean_of(labelled)}, {"seconds", seconds_of(item)},
              {"surprise", surprise}, {"media", nullptr},          {"moment_image", nullptr}};
    VideoOptions video = suite_.video;
    video.start_seconds = item.item->start_seconds;
    video.stop_seconds = item.item->stop_seconds;
    const auto reader = VideoReader::open(item.item->path, video);
    const std::string digest = sha256_hex(labelled.id).substr(0, 32);
    const std::string stem = digest.substr(0, 2) + "/" + digest;
    ReportMedia media(item.model.facts.indices, options_.strip_frames, false);
    reader->for_each(item.model.facts.indices,
                     [&](int64_t index, double pts, const at::Tensor& frame) {
                       media.add(index, pts, frame);
                       return true;
                     });
    json["media"] = media.write(directory_ + "/media", stem, "media/");
    files_.push_back(json["media"].at("strip").get<std::string>());
    if (moment >= 0) {
      const auto first = static_cast<std::size_t>(moment * item.model.video.slot_frames);
      const int64_t index = item.model.facts.indices[first];
      const std::string name = "media/" + stem + "-moment.jpg";
      write_file_atomic(
          directory_ + "/" + name,
          encode_jpeg(moment_image(item, reader->read({index}).frames, moment, scale), 85));
      json["moment_image"] = name;
      files_.push_back(name);
    }
    return json;
  }

  /// What the model sees, and beside it the same under its surprise, red where it is large.
  at::Tensor moment_image(const SurpriseRunItem& item,
                          const at::Tensor& frames,
                          int64_t moment,
                          double scale) const {
    const PreprocessSpec& spec = job_.predictor->info().preprocess;
    at::Tensor seen = preprocess_frames(frames, spec)[0].to(at::kDouble);
    for (int64_t c = 0; c < seen.size(0); ++c) {
      const auto channel = static_cast<std::size_t>(c);
      seen[c] = seen[c] * spec.stddev[channel] + spec.mean[channel];
    }
    if (spec.scale_to_unit) seen = seen * 255.0;
    if (seen.size(0) == 1) seen = seen.expand({3, -1, -1});
    const at::Tensor bytes =
        seen.clamp(0.0, 255.0).round().permute({1, 2, 0}).to(at::kByte).contiguous();
    const int64_t width = std::max<int64_t>(1, bytes.size(1) * kMomentHeight / bytes.size(0));
    const at::Tensor small = resize_pillow(bytes, kMomentHeight, width, ResampleFilter::kBilinear);
    const at::Tensor& map = item.model.video.map;
    if (!map.defined() || moment >= map.size(0) || scale <= 0.0) return small;
    const at::Tensor cells = (map[moment].nan_to_num(0.0).to(at::kDouble) / scale * 255.0)
                                 .clamp(0.0, 255.0)
                                 .to(at::kByte)
                                 .unsqueeze(2)
                                 .expand({-1, -1, 3})
                                 .contiguous();
    const at::Tensor weight =
        resize_pillow(cells, kMomentHeight, width, ResampleFilter::kBilinear).to(at::kDouble) /
        255.0;
    const at::Tensor red = at::zeros_like(weight);
    red.select(2, 0).fill_(255.0);
    const at::Tensor grey =
        small.to(at::kDouble).mean(2, /*keepdim=*/true).expand({-1, -1, 3}) * 0.7;
    const at::Tensor shown = grey * (1.0 - weight) + red * weight;
    return at::cat({small, shown.clamp(0.0, 255.0).round().to(at::kByte)}, 1).contiguous();
  }

  const SurpriseRun& run_;
  const Suite& suite_;
  const SurpriseJob& job_;
  const PairRecordOptions& options_;
  std::string directory_;
  std::map<std::string, const SurpriseRunItem*> items_;
  std::size_t row_ = 0;
  std::vector<std::string> files_;
};

}  // namespace

std::vector<std::string> write_pair_records(const SurpriseRun& run,
                                            const Suite& suite,
                                            const SurpriseJob& job,
                                            const PairRecordOptions& options,
                                            const std::string& directory) {
  return Writer(run, suite, job, options, directory).write();
}

}  // namespace physprobe
