#include "physprobe/memory/array_file.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/core/text_affix.h"
#include "physprobe/memory/array_source.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace physprobe {

namespace {

/// A message stays readable however many arrays are at fault.
constexpr std::size_t kMostListed = 20;

/// How one array becomes trajectories.
struct PlannedArray {
  const ArrayInfo* array;
  bool is_batch = false;         ///< (N, T, D): one trajectory per row.
  std::vector<std::string> ids;  ///< Of a batch, one per row; otherwise the array's name serves.
};

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

bool is_ids_array(const std::string& name) {
  return name == "ids" || ends_with(name, "/ids") || ends_with(name, ".ids");
}

/// The texts as one sentence, or as lines when there are several.
std::string listed(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return texts.front();
  const std::size_t shown = std::min(texts.size(), kMostListed);
  std::string list = fmt::format("{} arrays:", texts.size());
  for (std::size_t i = 0; i < shown; ++i) list += "\n  " + texts[i];
  if (shown < texts.size()) list += fmt::format("\n  and {} more", texts.size() - shown);
  return list;
}

class Planner {
 public:
  Planner(const std::string& path, const ArraySource& source, const ArrayStreamOptions& options)
      : path_(path),
        source_(source),
        options_(options),
        only_(options.only.begin(), options.only.end()) {
    for (const ArrayInfo& array : source.arrays()) {
      if (is_ids_array(array.name)) ids_.emplace(array.name, &array);
    }
  }

  std::vector<PlannedArray> plan() {
    std::vector<PlannedArray> planned;
    for (const ArrayInfo& array : source_.arrays()) {
      if (is_ids_array(array.name)) continue;
      PlannedArray entry{&array, false, {}};
      if (describe(entry)) planned.push_back(std::move(entry));
    }
    check_names(planned);
    if (!problems_.empty()) throw Error(ErrorKind::kInput, path_, listed(problems_));
    if (planned.empty() && damaged.empty()) throw_nothing();
    return planned;
  }

  std::vector<std::string> left_out;
  std::vector<const ArrayInfo*> damaged;  ///< Only if someone wants to be told.

  bool wants(const std::string& name) const { return only_.empty() || only_.count(name) > 0; }

 private:
  /// Settles form and ids; false (and noted) if the array yields no trajectory.
  bool describe(PlannedArray& entry) {
    const ArrayInfo& array = *entry.array;
    if (array.kind == ArrayKind::kDamaged) {
      note_damage(array);
      return false;
    }
    // With `only`, arrays that can yield none of the names need not be understood.
    const bool is_named = wants(array.name);
    const std::size_t rank = array.shape.size();
    if (array.kind != ArrayKind::kFloating || (rank != 2 && rank != 3)) {
      if (is_named) leave_out(array);
      return false;
    }
    if (rank == 2) return is_named;
    const ArrayInfo* ids = find_ids(array);
    entry.is_batch = options_.three_dimensional == "batch" ||
                     (options_.three_dimensional == "auto" && ids != nullptr);
    if (entry.is_batch) {
      entry.ids = batch_ids(array, ids);
      return true;
    }
    if (!is_named) return false;
    if (options_.pooling == TokenPooling::kRefuse) {
      problems_.push_back(fmt::format(
          "'{}' has shape {}: say how its tokens (T, N, D) are pooled (--pooling mean, first or "
          "flatten), or that it is a batch (N, T, D) (--three-dimensional batch)",
          array.name, shape_text(array.shape)));
      return false;
    }
    if (options_.pooling != TokenPooling::kFlatten && array.shape[1] == 0) {
      problems_.push_back(fmt::format("'{}' has no tokens to pool", array.name));
      return false;
    }
    return true;
  }

  void note_damage(const ArrayInfo& array) {
    bool is_concerned = only_.empty();
    for (const std::string& name : only_) {
      if (name != array.name && name.rfind(array.name + "/", 0) != 0) continue;
      is_concerned = true;
      answered_.insert(name);
    }
    if (!is_concerned) return;
    if (options_.on_damaged) {
      damaged.push_back(&array);
    } else {
      problems_.push_back("'" + array.name + "' " + array.dtype);
    }
  }

  void leave_out(const ArrayInfo& array) {
    const std::string what = fmt::format("{} of shape {}", array.dtype, shape_text(array.shape));
    if (!only_.empty()) {
      problems_.push_back(fmt::format(
          "'{}' is {}, expected (T, D), (N, T, D) or (T, N, D) of float16, bfloat16, float32 or "
          "float64",
          array.name, what));
    }
    left_out.push_back(array.name + ": " + what);
  }

  /// "<name>.ids", else "ids" of the same group, else "ids"; nullptr if none has the right length.
  const ArrayInfo* find_ids(const ArrayInfo& array) {
    const std::size_t slash = array.name.rfind('/');
    const std::string group = slash == std::string::npos ? "" : array.name.substr(0, slash + 1);
    for (const std::string& name : {array.name + ".ids", group + "ids", std::string("ids")}) {
      const auto found = ids_.find(name);
      if (found == ids_.end()) continue;
      const ArrayInfo& ids = *found->second;
      const bool is_list = ids.shape.size() == 1 && ids.shape[0] == array.shape[0] &&
                           (ids.kind == ArrayKind::kInteger || ids.kind == ArrayKind::kText);
      if (is_list) return &ids;
      if (name == array.name + ".ids") {
        problems_.push_back(fmt::format("'{}' is {} of shape {}, expected {} integers or texts",
                                        name, ids.dtype, shape_text(ids.shape), array.shape[0]));
      }
    }
    return nullptr;
  }

  std::vector<std::string> batch_ids(const ArrayInfo& array, const ArrayInfo* ids) const {
    if (ids != nullptr) return source_.read_ids(*ids);
    std::vector<std::string> names;
    for (int64_t i = 0; i < array.shape[0]; ++i) {
      names.push_back(fmt::format("{}[{}]", array.name, i));
    }
    return names;
  }

  void check_names(const std::vector<PlannedArray>& planned) {
    std::unordered_set<std::string_view> seen;
    const auto note = [&](const std::string& name) {
      if (!seen.insert(name).second) {
        problems_.push_back("two trajectories are named '" + name + "'");
      }
      if (only_.count(name) > 0) answered_.insert(name);
    };
    for (const PlannedArray& entry : planned) {
      if (only_.count(entry.array->name) > 0) answered_.insert(entry.array->name);
      if (!entry.is_batch) note(entry.array->name);
      for (const std::string& id : entry.ids) note(id);
    }
    if (!problems_.empty()) return;  // a name asked for may be among the refused ones
    for (const std::string& name : options_.only) {
      if (answered_.count(name) > 0) continue;
      std::vector<std::string> known;
      for (const ArrayInfo& array : source_.arrays()) known.push_back(array.name);
      for (const PlannedArray& entry : planned) {
        known.insert(known.end(), entry.ids.begin(), entry.ids.end());
      }
      problems_.push_back("there is no array '" + name + "'" + did_you_mean(name, known));
    }
  }

  [[noreturn]] void throw_nothing() const {
    constexpr const char* kExpected =
        "; expected (T, D), (N, T, D) or (T, N, D) of float16, bfloat16, float32 or float64";
    throw Error(ErrorKind::kInput, path_,
                left_out.empty() ? "holds no arrays" + std::string(kExpected)
                                 : "holds no trajectory, only " + listed(left_out) + kExpected);
  }

  const std::string& path_;
  const ArraySource& source_;
  const ArrayStreamOptions& options_;
  std::unordered_set<std::string> only_;
  std::unordered_map<std::string, const ArrayInfo*> ids_;
  std::vector<std::string> problems_;
  std::unordered_set<std::string> answered_;  ///< Names in `only` that something stands behind.
};

/// Tokens (T, N, D) as (T, D) or (T, N * D); means are taken in double.
at::Tensor pooled(const at::Tensor& tokens, TokenPooling pooling) {
  switch (pooling) {
    case TokenPooling::kFirst:
      return tokens.select(1, 0).contiguous();
    case TokenPooling::kFlatten:
      return tokens.reshape({tokens.size(0), tokens.size(1) * tokens.size(2)});
    case TokenPooling::kMean:
      return tokens.to(at::kDouble).mean(1).to(tokens.scalar_type());
    case TokenPooling::kRefuse:
      break;
  }
  throw Error(ErrorKind::kInternal, "tokens", "no pooling was chosen");
}

class Stream {
 public:
  using Body = std::function<void(const std::string&, const at::Tensor&)>;

  Stream(const ArraySource& source,
         const Planner& planner,
         const ArrayStreamOptions& options,
         const Body& body)
      : source_(source), planner_(planner), options_(options), body_(body) {}

  void run(const PlannedArray& entry) {
    if (entry.is_batch) {
      run_batch(entry);
    } else if (planner_.wants(entry.array->name)) {
      const at::Tensor array = read(*entry.array, [&] { return source_.read(*entry.array); });
      if (!array.defined()) return;
      body_(entry.array->name, array.dim() == 3 ? pooled(array, options_.pooling) : array);
    }
  }

 private:
  /// What `reading` gives; undefined if the array is damaged and someone was told.
  template <typename Reading>
  at::Tensor read(const ArrayInfo& array, const Reading& reading) const {
    try {
      return reading();
    } catch (const Error& error) {
      const bool is_damage =
          error.kind() == ErrorKind::kInput || error.kind() == ErrorKind::kIncompatible;
      if (!is_damage || !options_.on_damaged) throw;
      options_.on_damaged(array.name, error);
      return {};
    }
  }

  void run_batch(const PlannedArray& entry) {
    const ArrayInfo& array = *entry.array;
    const bool is_whole = planner_.wants(array.name);
    const auto is_wanted = [&](const std::string& id) { return is_whole || planner_.wants(id); };
    constexpr int64_t kBlockElements = int64_t{1} << 22;
    const int64_t rows_per_block = std::max<int64_t>(
        1, kBlockElements / std::max<int64_t>(1, array.shape[1] * array.shape[2]));
    for (int64_t begin = 0; begin < array.shape[0]; begin += rows_per_block) {
      const int64_t end = std::min(begin + rows_per_block, array.shape[0]);
      if (std::none_of(entry.ids.begin() + begin, entry.ids.begin() + end, is_wanted)) continue;
      const at::Tensor block = read(array, [&] { return source_.read_rows(array, begin, end); });
      if (!block.defined()) return;  // the array's later rows are no better
      for (int64_t i = begin; i < end; ++i) {
        const std::string& id = entry.ids[static_cast<std::size_t>(i)];
        if (is_wanted(id)) body_(id, block[i - begin].contiguous());
      }
    }
  }

  const ArraySource& source_;
  const Planner& planner_;
  const ArrayStreamOptions& options_;
  const Body& body_;
};

}  // namespace

std::vector<ArrayDescription> list_arrays(const std::string& path) {
  std::vector<ArrayDescription> descriptions;
  const std::unique_ptr<ArraySource> source = open_array_source(path);
  for (const ArrayInfo& array : source->arrays()) {
    descriptions.push_back({array.name, array.dtype, array.shape});
  }
  return descriptions;
}

std::vector<std::string> for_each_trajectory(
    const std::string& path,
    const ArrayStreamOptions& options,
    const std::function<void(const std::string& name, const at::Tensor& trajectory)>& body) {
  const std::vector<std::string> forms = {"auto", "batch", "tokens"};
  if (std::find(forms.begin(), forms.end(), options.three_dimensional) == forms.end()) {
    throw Error(
        ErrorKind::kUsage, "three_dimensional",
        "is '" + options.three_dimensional + "'" + did_you_mean(options.three_dimensional, forms));
  }
  const std::unique_ptr<ArraySource> source = open_array_source(path);
  Planner planner(path, *source, options);
  const std::vector<PlannedArray> planned = planner.plan();
  for (const ArrayInfo* array : planner.damaged) {
    options.on_damaged(array->name, Error(ErrorKind::kInput, path, array->dtype));
  }
  Stream stream(*source, planner, options, body);
  for (const PlannedArray& entry : planned) stream.run(entry);
  return std::move(planner.left_out);
}

}  // namespace physprobe
