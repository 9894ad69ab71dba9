#include "physprobe/eval/voe/surprise_check.h"

#include "physprobe/core/error.h"
#include "physprobe/core/rng.h"
#include "physprobe/datasets/voe/voe_item.h"
#include "physprobe/eval/run_plan.h"
#include "physprobe/eval/voe/score_surprise.h"
#include "physprobe/eval/voe/surprise_run.h"
#include "physprobe/probes/compared_tokens.h"
#include "physprobe/video/preprocess.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace physprobe {
namespace {

using Level = DoctorFinding::Level;

constexpr int64_t kHeight = 240;
constexpr int64_t kWidth = 320;
constexpr std::size_t kNamed = 5;  ///< Of many defects, as many are named.

DoctorFinding judged(
    bool holds, const char* topic, std::string good, std::string bad, std::string remedy) {
  if (holds) return {Level::kOk, topic, std::move(good), ""};
  return {Level::kProblem, topic, std::move(bad), std::move(remedy)};
}

/// (2, window, C, H, W): two windows of noise as the preprocessing hands them over.
at::Tensor noise_windows(const SurpriseJob& job) {
  const int64_t frames = job.options.windows.window;
  at::Tensor pixels = at::empty({2 * frames, kHeight, kWidth, 3}, at::kByte);
  Rng rng(1);
  uint8_t* data = pixels.data_ptr<uint8_t>();
  for (int64_t i = 0; i < pixels.numel(); ++i) data[i] = static_cast<uint8_t>(rng.below(256));
  const at::Tensor ready = preprocess_frames(pixels, job.predictor->info().preprocess);
  return ready.reshape({2, frames, ready.size(1), ready.size(2), ready.size(3)});
}

double largest(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

class ModelCheck {
 public:
  explicit ModelCheck(const SurpriseJob& job)
      : job_(job),
        model_(*job.predictor),
        windows_(job.options.windows),
        noise_(noise_windows(job)) {}

  std::vector<DoctorFinding> findings() {
    weights();
    mask_token();
    tokens();
    future();
    bits();
    return std::move(findings_);
  }

 private:
  void weights() {
    const EncoderInfo& info = model_.info();
    const PredictorInfo& predictor = model_.predictor_info();
    std::string text = fmt::format("{}: {}", info.id, info.description);
    findings_.push_back({Level::kOk, "model", text, ""});
    text = predictor.parameters > 0
               ? fmt::format("{} parameters, every one read or drawn ({})", predictor.parameters,
                             info.weights_digest.substr(0, 12))
               : "not known of this model: it answers for itself";
    if (!predictor.unused_tensors.empty()) {
      text += fmt::format(
          "; {} tensors of the file have no use here: {}", predictor.unused_tensors.size(),
          fmt::join(
              predictor.unused_tensors.begin(),
              predictor.unused_tensors.begin() +
                  static_cast<std::ptrdiff_t>(std::min(kNamed, predictor.unused_tensors.size())),
              ", "));
    }
    const bool is_random = info.weights_digest.rfind("random", 0) == 0;
    findings_.push_back(judged(!is_random, "weights", text,
                               "the weights are random: this is the null, not the model",
                               "name the file of trained weights"));
  }

  void mask_token() {
    const std::vector<double>& norms = model_.predictor_info().mask_token_norms;
    const auto used = static_cast<std::size_t>(model_.predictor_info().mask_token);
    if (norms.empty()) {
      findings_.push_back({Level::kOk, "mask token", "none is known of this model", ""});
      return;
    }
    const double norm = used < norms.size() ? norms[used] : 0.0;
    findings_.push_back(judged(
        norm > 0.0, "mask token",
        fmt::format("number {} of {} is in use, its norm is {:.4g}", used, norms.size(), norm),
        fmt::format("number {} of {} is in use and its norm is 0: it was never trained", used,
                    norms.size()),
        "set the option mask_token to one of a norm above 0"));
  }

  void tokens() {
    const at::Tensor targets = model_.targets(noise_);
    const int64_t steps = windows_.window / model_.info().frames_per_step;
    const TokenGrid grid = model_.grid(windows_.window, noise_.size(3), noise_.size(4));
    const bool divides =
        targets.size(1) % steps == 0 &&
        (grid.tokens_per_step() == 0 || targets.size(1) == steps * grid.tokens_per_step());
    findings_.push_back(
        judged(divides, "tokens",
               fmt::format("a window of {} frames has {} steps of {} tokens of {} numbers",
                           windows_.window, steps, targets.size(1) / steps, targets.size(2)),
               fmt::format("a window of {} frames has {} tokens for {} steps", windows_.window,
                           targets.size(1), steps),
               "choose another --window"));
    findings_.push_back(judged(at::isfinite(targets).all().item<bool>(), "finite",
                               "targets of noise are finite",
                               "targets of noise hold values that are not finite",
                               "check the weights; compute in float32"));
  }

  at::Tensor predicted(const at::Tensor& window, int64_t context) const {
    const int64_t step = model_.info().frames_per_step;
    const int64_t all = model_.targets(window).size(1);
    const PrefixSplit split = prefix_split(all, context / step, windows_.window / step);
    return model_.predict(window.slice(1, 0, context).contiguous(), split.context, split.target,
                          windows_.window);
  }

  /// The window with other frames from `from` to `to`.
  at::Tensor changed(int64_t from, int64_t to) const {
    at::Tensor window = noise_.slice(0, 0, 1).clone();
    window.slice(1, from, to).copy_(noise_.slice(0, 1, 2).slice(1, from, to));
    return window;
  }

  void future() {
    const at::Tensor window = noise_.slice(0, 0, 1);
    double moved = 0.0;
    double tokens_moved = 0.0;
    double alone_moved = 0.0;
    bool listens = true;
    bool is_constant = false;
    for (const int64_t context : windows_.contexts) {
      const at::Tensor other_future = changed(context, windows_.window);
      const at::Tensor prediction = predicted(window, context);
      moved = std::max(moved, largest(prediction, predicted(other_future, context)));
      listens = listens && largest(prediction, predicted(changed(0, context), context)) > 0.0;
      const int64_t step = model_.info().frames_per_step;
      const int64_t per_step = model_.targets(window).size(1) / (windows_.window / step);
      const int64_t seen = context / step * per_step;
      const at::Tensor alone = model_.targets(window.slice(1, 0, context).contiguous());
      alone_moved =
          std::max(alone_moved,
                   largest(alone, model_.targets(other_future.slice(1, 0, context).contiguous())));
      tokens_moved =
          std::max(tokens_moved, largest(model_.targets(window).slice(1, 0, seen),
                                         model_.targets(other_future).slice(1, 0, seen)));
      if (prediction.size(1) > 1)
        is_constant =
            is_constant || largest(prediction.slice(1, 1), prediction.slice(1, 0, -1)) == 0.0;
    }
    findings_.push_back(judged(moved == 0.0, "future",
                               fmt::format("other pixels behind the context move no prediction ({} "
                                           "contexts tried)",
                                           windows_.contexts.size()),
                               fmt::format("other pixels behind the context move predictions by up "
                                           "to {:.3g}: the model sees what it is to predict, or is "
                                           "not deterministic",
                                           moved),
                               "encode the context alone"));
    findings_.push_back(judged(
        alone_moved == 0.0, "context",
        tokens_moved > 0.0
            ? fmt::format("context tokens, encoded alone, do not move with the future; gathered "
                          "from the whole window they would by up to {:.3g}",
                          tokens_moved)
            : "context tokens do not move with the future, alone or in the window",
        fmt::format("context tokens, encoded alone, move by up to {:.3g}", alone_moved),
        "make the model deterministic"));
    findings_.push_back(judged(listens, "listens", "predictions follow the context",
                               "another context moves no prediction: it is not looked at",
                               "check how the context reaches the predictor"));
    findings_.push_back(judged(!is_constant, "varies", "predictions differ over the window",
                               "all predicted tokens are the same: positions are lost",
                               "check the predictor's positions and mask token"));
  }

  void bits() {
    const at::Tensor both = model_.targets(noise_);
    const double batch =
        std::max(largest(both.slice(0, 0, 1), model_.targets(noise_.slice(0, 0, 1))),
                 largest(both.slice(0, 1, 2), model_.targets(noise_.slice(0, 1, 2))));
    findings_.push_back(
        judged(batch == 0.0, "same bits", "a window alone and in a batch is the same",
               fmt::format("a window alone and in a batch differs by up to {:.3g}", batch),
               "serve the model with batch=1"));
  }

  const SurpriseJob& job_;
  const Predictor& model_;
  PredictionWindows windows_;
  at::Tensor noise_;
  std::vector<DoctorFinding> findings_;
};

DoctorFinding listed(const char* topic,
                     const std::vector<std::string>& defects,
                     const std::string& good,
                     const std::string& what,
                     const std::string& remedy) {
  if (defects.empty()) return {Level::kOk, topic, good, ""};
  std::string text = fmt::format("{} {}: ", defects.size(), what);
  for (std::size_t i = 0; i < std::min(kNamed, defects.size()); ++i)
    text += (i == 0 ? "" : "; ") + defects[i];
  if (defects.size() > kNamed) text += fmt::format("; and {} more", defects.size() - kNamed);
  return {Level::kProblem, topic, text, remedy};
}

}  // namespace

std::vector<DoctorFinding> check_surprise_model(const SurpriseJob& job) {
  return ModelCheck(job).findings();
}

std::vector<DoctorFinding> check_surprise_dataset(const Suite& suite, const SurpriseJob& job) {
  const PredictionWindows& windows = job.options.windows;
  std::vector<PairProblem> unpaired;  // found again below, as members without partner
  const Dataset dataset = with_pairs(load_suite_dataset(suite, "", 0), windows, 0, unpaired);
  SurpriseSet set;
  set.model = job.name;
  set.files = {dataset.path};
  std::vector<std::string> unreadable;
  std::vector<std::string> too_short;
  std::vector<std::string> unlabelled;
  std::map<std::string, std::string> digests;
  std::size_t fewest = 0;
  std::size_t most = 0;
  for (const DatasetItem& item : dataset.items) {
    try {
      VideoOptions options = suite.video;
      options.start_seconds = item.start_seconds;
      options.stop_seconds = item.stop_seconds;
      const auto reader = VideoReader::open(item.path, options);
      const auto frames = static_cast<int64_t>(
          used_frames(windows, first_frame_of(item), reader->info().frame_count).size());
      const std::size_t count = window_starts(frames, windows).size();
      if (count == 0) {
        too_short.push_back(fmt::format("{} ({} frames)", item.id, frames));
        continue;
      }
      fewest = fewest == 0 ? count : std::min(fewest, count);
      most = std::max(most, count);
      SurpriseItem labelled = labelled_item(item);
      labelled.fps = reader->info().fps;
      labelled.curves = {std::vector<double>(count, 0.0)};
      if (!has_plausibility_label(item)) {
        unlabelled.push_back(item.id);
        continue;
      }
      digests[item.id] = content_digest(item.path);
      set.items.push_back(std::move(labelled));
    } catch (const Error& error) {
      unreadable.push_back(error.what());
    }
  }
  std::vector<DoctorFinding> findings;
  findings.push_back(listed("videos", unreadable,
                            fmt::format("{} videos can be read", dataset.items.size()),
                            "videos cannot be read", "mend or remove them"));
  findings.push_back(
      listed("windows", too_short, fmt::format("{} to {} windows a video", fewest, most),
             "videos are shorter than a window", "choose a shorter --window or a smaller --skip"));
  findings.push_back(listed("labels", unlabelled, "every video is possible or impossible",
                            "videos are labelled neither possible nor impossible",
                            "without labels only curves are printed"));
  std::vector<std::string> pairing;
  std::vector<std::string> ties;
  std::size_t pairs = 0;
  std::vector<std::string> properties;
  for (const SurpriseItem& item : set.items) {
    if (std::find(properties.begin(), properties.end(), item.property) == properties.end())
      properties.push_back(item.property);
  }
  for (const std::string& property : properties) {
    std::vector<PairProblem> problems;
    for (const SurprisePair& pair : surprise_pairs(set, property, problems)) {
      ++pairs;
      if (digests.at(pair.possible->id) == digests.at(pair.impossible->id))
        ties.push_back(pair.pair);
    }
    for (const PairProblem& problem : problems)
      pairing.push_back(fmt::format("{}: {}, {}", problem.id, problem.kind, problem.text));
  }
  findings.push_back(listed("pairing", pairing,
                            fmt::format("{} pairs of one possible and one impossible video, {} "
                                        "properties",
                                        pairs, properties.size()),
                            "pairs are none", "see the columns pair and label"));
  findings.push_back(listed("ties", ties, "no pair has members of the same bytes",
                            "pairs have members of the same bytes, ties for every model",
                            "check how the data set was copied"));
  return findings;
}

}  // namespace physprobe
