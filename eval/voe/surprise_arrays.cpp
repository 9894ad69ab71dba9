#include "physprobe/eval/voe/surprise_arrays.h"

#include "physprobe/core/error.h"
#include "physprobe/core/text_affix.h"
#include "physprobe/eval/minimal_pairs/pair_table_runs.h"
#include "physprobe/eval/voe/array_path.h"
#include "physprobe/memory/array_source.h"
#include "physprobe/probes/surprise.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

namespace physprobe {
namespace {

/// Arrays of an item, or the one array of all items.
struct ItemArrays {
  const ArrayInfo* surprise = nullptr;
  const ArrayInfo* prediction = nullptr;
  const ArrayInfo* target = nullptr;
  int64_t row = -1;  ///< Of `surprise`, when that holds all items.
};

class Reader {
 public:
  Reader(const std::string& given, const SurpriseArrayOptions& options) : options_(options) {
    const auto [name, path] = named_table(given);
    const auto [file, array] = split_array_path(path);
    file_ = file;
    only_ = array;
    result_.set.model = array.empty() || name != std::filesystem::path(path).stem().string()
                            ? name
                            : std::filesystem::path(file).stem().string();
    result_.set.files = {file_};
    source_ = open_array_source(file_);
  }

  SurpriseArrays read() {
    if (!options_.manifest.empty()) {
      AnswerTableOptions table = options_.table;
      table.needs_answers = false;
      table.others = options_.attributes;
      if (options_.attributes_are_required) table.required = options_.attributes;
      table.others.insert(table.others.end(), {"quadruplet", "scene"});
      rows_ = read_answer_table(options_.manifest, table, result_.problems);
    }
    gather();
    if (rows_.empty()) {
      for (const auto& [id, arrays] : arrays_) add_item(id, nullptr, arrays);
    } else {
      std::set<std::string> seen;
      for (const AnswerRow& row : rows_) {
        if (!seen.insert(row.id).second) {
          problem("duplicate", row.line, row.id, "is in the manifest more than once");
          continue;
        }
        const auto found = arrays_.find(row.id);
        if (found == arrays_.end()) {
          problem("missing array", row.line, row.id, "has no array in " + file_);
          continue;
        }
        add_item(row.id, &row, found->second);
      }
      for (const auto& [id, arrays] : arrays_) {
        if (seen.count(id) == 0)
          problem("not in the manifest", 0, id, "has an array, but no line in the manifest");
      }
    }
    if (result_.set.items.empty()) {
      throw Error(
          ErrorKind::kInput, file_,
          fmt::format("holds no surprise that can be used ({} problems{}); expected arrays "
                      "(contexts, windows), or <id>.prediction and <id>.target",
                      result_.problems.size(),
                      result_.problems.empty() ? ""
                                               : ", the first: " + result_.problems.front().id +
                                                     " " + result_.problems.front().text));
    }
    name_contexts();
    return std::move(result_);
  }

 private:
  void problem(const char* kind, int64_t line, const std::string& id, const std::string& text) {
    result_.problems.push_back({kind, line > 0 ? options_.manifest : file_, line, id, text});
  }

  void gather() {
    for (const ArrayInfo& array : source_->arrays()) {
      if (!only_.empty() && array.name != only_) continue;
      if (array.kind == ArrayKind::kDamaged) {
        problem("damaged array", 0, array.name, array.dtype);
      } else if (array.kind != ArrayKind::kFloating) {
        continue;
      } else if (array.shape.size() == 3 && !ends_with(array.name, ".prediction") &&
                 !ends_with(array.name, ".target")) {
        gather_batch(array);
      } else if (ends_with(array.name, ".prediction")) {
        arrays_[array.name.substr(0, array.name.size() - 11)].prediction = &array;
      } else if (ends_with(array.name, ".target")) {
        arrays_[array.name.substr(0, array.name.size() - 7)].target = &array;
      } else if (array.shape.size() == 2) {
        const bool is_named = ends_with(array.name, ".surprise");
        arrays_[is_named ? array.name.substr(0, array.name.size() - 9) : array.name].surprise =
            &array;
      }
    }
    if (!only_.empty() && arrays_.empty() && result_.problems.empty())
      throw Error(ErrorKind::kInput, file_, "has no floating array named '" + only_ + "'");
  }

  void gather_batch(const ArrayInfo& array) {
    std::vector<std::string> ids;
    for (const ArrayInfo& other : source_->arrays()) {
      if ((other.name == "ids" || other.name == array.name + ".ids") && other.shape.size() == 1 &&
          other.shape[0] == array.shape[0])
        ids = source_->read_ids(other);
    }
    if (ids.empty() && static_cast<int64_t>(rows_.size()) == array.shape[0]) {
      for (const AnswerRow& row : rows_) ids.push_back(row.id);
    }
    if (ids.empty()) {
      throw Error(ErrorKind::kInput, file_,
                  fmt::format("'{}' holds {} items without ids; put an array 'ids' beside it, or "
                              "give a --manifest with exactly that many lines (it has {})",
                              array.name, array.shape[0], rows_.size()));
    }
    for (int64_t i = 0; i < array.shape[0]; ++i) {
      ItemArrays& item = arrays_[ids[static_cast<std::size_t>(i)]];
      item.surprise = &array;
      item.row = i;
    }
  }

  void add_item(const std::string& id, const AnswerRow* row, const ItemArrays& arrays) {
    SurpriseItem item;
    item.id = id;
    item.property = row == nullptr || row->task.empty() ? "all" : row->task;
    if (row != nullptr) {
      item.pair = row->pair.empty() ? pair_stem(id) : row->pair;
      const int label = answer_index(row->label, {});
      if (label == kUnparsed) {
        problem("label is neither possible nor impossible", row->line, id,
                fmt::format("'{}'; expected possible or impossible (1 or 0)", row->label));
        return;
      }
      item.is_possible = label == 1;
      item.scene = row->source;
      item.attributes = row->others;
      for (const char* column : {"scene", "quadruplet"}) {
        const auto found = item.attributes.find(column);
        if (found == item.attributes.end()) continue;
        item.scene = found->second;
        item.attributes.erase(found);
      }
    }
    try {
      double zero = 0.0;
      item.curves = arrays.surprise != nullptr ? curves_of(arrays) : computed_curves(arrays, zero);
      trim(item.curves);
      if (arrays.surprise == nullptr) result_.zero_prediction.push_back(zero);
    } catch (const Error& error) {
      problem("unusable array", 0, id, error.what());
      return;
    }
    if (!result_.set.items.empty() &&
        item.curves.size() != result_.set.items.front().curves.size()) {
      problem("other contexts", 0, id,
              fmt::format("has {} contexts, the first item has {}", item.curves.size(),
                          result_.set.items.front().curves.size()));
      return;
    }
    result_.set.items.push_back(std::move(item));
  }

  SurpriseCurves curves_of(const ItemArrays& arrays) const {
    at::Tensor values = arrays.row < 0
                            ? source_->read(*arrays.surprise)
                            : source_->read_rows(*arrays.surprise, arrays.row, arrays.row + 1)[0];
    values = values.to(at::kDouble).contiguous();
    SurpriseCurves curves;
    const double* data = values.data_ptr<double>();
    for (int64_t c = 0; c < values.size(0); ++c, data += values.size(1))
      curves.emplace_back(data, data + values.size(1));
    return curves;
  }

  /// A context at a time: the arrays may be larger than memory likes.
  SurpriseCurves computed_curves(const ItemArrays& arrays, double& zero) const {
    if (arrays.prediction == nullptr || arrays.target == nullptr) {
      throw Error(ErrorKind::kInput, file_,
                  std::string("has a ") + (arrays.target == nullptr ? "prediction" : "target") +
                      " without its " + (arrays.target == nullptr ? "target" : "prediction"));
    }
    if (arrays.prediction->shape != arrays.target->shape || arrays.target->shape.size() != 4) {
      throw Error(ErrorKind::kInput, file_,
                  fmt::format("prediction ({}) and target ({}); expected two equal shapes "
                              "(contexts, windows, tokens, D)",
                              fmt::join(arrays.prediction->shape, ", "),
                              fmt::join(arrays.target->shape, ", ")));
    }
    SurpriseCurves curves;
    std::vector<double> zeros;
    for (int64_t c = 0; c < arrays.target->shape[0]; ++c) {
      const at::Tensor target = source_->read_rows(*arrays.target, c, c + 1)[0];
      const at::Tensor prediction = source_->read_rows(*arrays.prediction, c, c + 1)[0];
      curves.push_back(surprise_of(prediction, target, options_.normalises_targets));
      for (const double value :
           surprise_of(at::zeros_like(target), target, options_.normalises_targets))
        zeros.push_back(value);
    }
    zero = zeros.empty() ? 0.0 : pooled_curve(zeros, SurprisePooling::kMean);
    return curves;
  }

  /// Cuts padding off the end and checks what is left.
  void trim(SurpriseCurves& curves) {
    if (curves.empty() || curves.front().empty())
      throw Error(ErrorKind::kInput, file_, "has no contexts or no windows");
    std::size_t windows = curves.front().size();
    const auto all = [&](std::size_t a, auto is) {
      return std::all_of(curves.begin(), curves.end(),
                         [&](const std::vector<double>& curve) { return is(curve[a]); });
    };
    while (windows > 0 && all(windows - 1, [](double v) { return std::isnan(v); })) --windows;
    result_.padded_windows += static_cast<int64_t>(curves.front().size() - windows);
    if (options_.padding == WindowPadding::kMasked) {
      const std::size_t before = windows;
      while (windows > 1 && all(windows - 1, [](double v) { return v == 0.0; })) --windows;
      result_.padded_windows += static_cast<int64_t>(before - windows);
    }
    for (std::vector<double>& curve : curves) {
      curve.resize(windows);
      for (std::size_t a = 0; a < windows; ++a) {
        if (!std::isfinite(curve[a]))
          throw Error(ErrorKind::kInput, file_,
                      fmt::format("surprise of window {} is {}", a, curve[a]));
      }
    }
    if (windows == 0) throw Error(ErrorKind::kInput, file_, "has no window that is not NaN");
  }

  void name_contexts() {
    const std::size_t rows = result_.set.items.front().curves.size();
    result_.set.contexts = options_.contexts;
    if (result_.set.contexts.empty()) {
      for (std::size_t c = 0; c < rows; ++c)
        result_.set.contexts.push_back(static_cast<int64_t>(c) + 1);
    }
    if (result_.set.contexts.size() != rows) {
      throw Error(ErrorKind::kUsage, "--contexts",
                  fmt::format("names {} contexts, the arrays of {} have {}",
                              result_.set.contexts.size(), file_, rows));
    }
  }

  const SurpriseArrayOptions& options_;
  std::string file_, only_;
  std::unique_ptr<ArraySource> source_;
  std::vector<AnswerRow> rows_;
  std::map<std::string, ItemArrays> arrays_;
  SurpriseArrays result_;
};

}  // namespace

SurpriseArrays read_surprise_arrays(const std::string& given, const SurpriseArrayOptions& options) {
  return Reader(given, options).read();
}

}  // namespace physprobe
