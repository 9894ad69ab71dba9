#pragma once
// Surprise from arrays made elsewhere, in any framework: already reduced, or as predictions and
// targets.

#include "physprobe/eval/minimal_pairs/answer_table.h"
#include "physprobe/eval/voe/surprise_set.h"

#include <string>
#include <vector>

namespace physprobe {

/// How trailing windows that are exactly 0 in every context are taken. The reference pads curves of
/// short videos with zeros before averaging.
enum class WindowPadding {
  kMasked,   ///< As padding: they do not enter mean, maximum or Filtered.
  kCounted,  ///< As surprises of 0, as the reference does.
};

struct SurpriseArrayOptions {
  /// CSV or JSON lines with id, label (possible or impossible, 1 or 0), pair, task (or property),
  /// and quadruplet (or scene, or group) for what belongs to one scene; "" for curves without
  /// labels.
  std::string manifest;
  AnswerTableOptions table;
  /// Columns whose values results are broken down by, where the manifest has them.
  std::vector<std::string> attributes = {"condition", "difficulty", "camera", "Difficulty",
                                         "Camera"};
  bool attributes_are_required = false;  ///< A manifest without one of them is refused.
  std::vector<int64_t> contexts;         ///< Frames of context by row; empty: 1, 2, 3, …
  WindowPadding padding = WindowPadding::kMasked;
  /// Targets are normalised here as the protocol says (affine-free layer norm, eps 1e-5); false for
  /// targets that are normalised already.
  bool normalises_targets = true;
};

/// What was read besides the curves.
struct SurpriseArrays {
  SurpriseSet set;
  std::vector<double> zero_prediction;  ///< Mean surprise of predicting 0, per item; empty when the
                                        ///< file holds no targets.
  bool is_null = false;                 ///< No model: what others are held against.
  int64_t padded_windows = 0;           ///< Left out (or counted) as padding.
  std::vector<PairProblem> problems;
};

/// `given` is PATH or NAME=PATH of a .safetensors, .npy, .npz or .h5 file, a directory of these or
/// PATH:ARRAY. Per item either "<id>.prediction" and "<id>.target" of shape (contexts, windows,
/// tokens, D), or "<id>" or "<id>.surprise" of shape (contexts, windows); or one array (items,
/// contexts, windows) with ids beside it, or, without ids, in the manifest's order. NaN windows at
/// the end of a curve are padding. Items are in the manifest's order. Problems: items of the
/// manifest without an array and arrays without an item, values that are not finite. Throws
/// Error(kInput) when nothing can be used.
SurpriseArrays read_surprise_arrays(const std::string& given, const SurpriseArrayOptions& options);

}  // namespace physprobe
