#include "physprobe/memory/array_file.h"

#include "physprobe/core/error.h"
#include "physprobe/core/nearest_name.h"
#include "physprobe/memory/array_source.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace physprobe {

namespace {

/// How one array becomes trajectories.
struct PlannedArray {
  ArrayInfo array;
  std::vector<std::string> names;  ///< One per trajectory.
  bool is_batch = false;           ///< (N, T, D): one trajectory per row.
  std::vector<bool> is_wanted;     ///< As `names`.
};

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

bool ends_with(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool is_ids_array(const std::string& name) {
  return name == "ids" || ends_with(name, "/ids") || ends_with(name, ".ids");
}

class Planner {
 public:
  Planner(const std::string& path, const ArraySource& source, const ArrayStreamOptions& options)
      : path_(path), source_(source), options_(options) {
    for (const ArrayInfo& array : source.arrays()) by_name_.emplace(array.name, &array);
  }

  std::vector<PlannedArray> plan() {
    std::vector<PlannedArray> planned;
    for (const ArrayInfo& array : source_.arrays()) {
      if (is_ids_array(array.name)) continue;
      if (can_be_left_out(array)) continue;
      PlannedArray entry;
      entry.array = array;
      if (!describe(entry)) continue;
      choose(entry);
      planned.push_back(std::move(entry));
    }
    check_names(planned);
    if (!problems_.empty()) {
      throw Error(ErrorKind::kInput, path_, fmt::format("{}", fmt::join(problems_, "; ")));
    }
    if (planned.empty()) throw Error(ErrorKind::kInput, path_, "holds no arrays");
    return planned;
  }

 private:
  /// With `only`, arrays that can yield none of the names need not be readable.
  bool can_be_left_out(const ArrayInfo& array) const {
    if (options_.only.empty()) return false;
    return array.shape.size() != 3 &&
           std::find(options_.only.begin(), options_.only.end(), array.name) == options_.only.end();
  }

  /// Fills names and form; false (and a problem noted) if the array is no trajectory.
  bool describe(PlannedArray& entry) {
    const ArrayInfo& array = entry.array;
    if (array.kind != ArrayKind::kFloating) {
      problems_.push_back(fmt::format("'{}' is {}, expected float16, bfloat16, float32 or float64",
                                      array.name, array.dtype));
      return false;
    }
    if (array.shape.size() == 2) {
      entry.names = {array.name};
      return true;
    }
    if (array.shape.size() != 3) {
      problems_.push_back(fmt::format("'{}' has shape {}, expected (T, D), (N, T, D) or (T, N, D)",
                                      array.name, shape_text(array.shape)));
      return false;
    }
    const ArrayInfo* ids = find_ids(array);
    entry.is_batch = options_.three_dimensional == "batch" ||
                     (options_.three_dimensional == "auto" && ids != nullptr);
    if (entry.is_batch) {
      entry.names = batch_names(array, ids);
      return true;
    }
    if (options_.pooling == TokenPooling::kRefuse) {
      problems_.push_back(
          fmt::format("'{}' has shape {}: say how its tokens (T, N, D) are pooled (mean, first or "
                      "flatten), or that it is a batch (N, T, D)",
                      array.name, shape_text(array.shape)));
      return false;
    }
    if (options_.pooling != TokenPooling::kFlatten && array.shape[1] == 0) {
      problems_.push_back(fmt::format("'{}' has no tokens to pool", array.name));
      return false;
    }
    entry.names = {array.name};
    return true;
  }

  /// "<name>.ids", else "ids" of the same group, else "ids"; nullptr if none has the right length.
  const ArrayInfo* find_ids(const ArrayInfo& array) {
    const std::size_t slash = array.name.rfind('/');
    const std::string group = slash == std::string::npos ? "" : array.name.substr(0, slash + 1);
    for (const std::string& name : {array.name + ".ids", group + "ids", std::string("ids")}) {
      const auto found = by_name_.find(name);
      if (found == by_name_.end()) continue;
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

  std::vector<std::string> batch_names(const ArrayInfo& array, const ArrayInfo* ids) const {
    if (ids != nullptr) return source_.read_ids(*ids);
    std::vector<std::string> names;
    for (int64_t i = 0; i < array.shape[0]; ++i) {
      names.push_back(fmt::format("{}[{}]", array.name, i));
    }
    return names;
  }

  void choose(PlannedArray& entry) {
    const auto is_asked = [this](const std::string& name) {
      return std::find(options_.only.begin(), options_.only.end(), name) != options_.only.end();
    };
    const bool whole = options_.only.empty() || is_asked(entry.array.name);
    if (is_asked(entry.array.name)) answered_.insert(entry.array.name);
    for (const std::string& name : entry.names) {
      const bool is_named = !options_.only.empty() && is_asked(name);
      if (is_named) answered_.insert(name);
      entry.is_wanted.push_back(whole || is_named);
    }
  }

  void check_names(const std::vector<PlannedArray>& planned) {
    std::set<std::string> seen;
    std::vector<std::string> known;
    for (const PlannedArray& entry : planned) {
      for (const std::string& name : entry.names) {
        if (!seen.insert(name).second) {
          problems_.push_back("two trajectories are named '" + name + "'");
        }
      }
      known.push_back(entry.array.name);
    }
    if (!problems_.empty()) return;  // a name asked for may be among the refused ones
    for (const std::string& name : options_.only) {
      if (answered_.count(name) == 0) {
        for (const ArrayInfo& array : source_.arrays()) known.push_back(array.name);
        problems_.push_back("there is no array '" + name + "'" + did_you_mean(name, known));
      }
    }
  }

  const std::string& path_;
  const ArraySource& source_;
  const ArrayStreamOptions& options_;
  std::map<std::string, const ArrayInfo*> by_name_;
  std::set<std::string> answered_;
  std::vector<std::string> problems_;
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

void stream_batch(const ArraySource& source,
                  const PlannedArray& entry,
                  const std::function<void(const std::string&, const at::Tensor&)>& body) {
  const auto& shape = entry.array.shape;
  constexpr int64_t kBlockElements = int64_t{1} << 22;
  const int64_t rows_per_block =
      std::max<int64_t>(1, kBlockElements / std::max<int64_t>(1, shape[1] * shape[2]));
  for (int64_t begin = 0; begin < shape[0]; begin += rows_per_block) {
    const int64_t end = std::min(begin + rows_per_block, shape[0]);
    const auto first = entry.is_wanted.begin() + begin;
    if (std::none_of(first, entry.is_wanted.begin() + end, [](bool wanted) { return wanted; })) {
      continue;
    }
    const at::Tensor block = source.read_rows(entry.array, begin, end);
    for (int64_t i = begin; i < end; ++i) {
      const auto index = static_cast<std::size_t>(i);
      if (entry.is_wanted[index]) body(entry.names[index], block[i - begin].contiguous());
    }
  }
}

}  // namespace

void for_each_trajectory(
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
  for (const PlannedArray& entry : Planner(path, *source, options).plan()) {
    if (entry.is_batch) {
      stream_batch(*source, entry, body);
    } else if (entry.is_wanted.front()) {
      const at::Tensor array = source->read(entry.array);
      body(entry.names.front(), array.dim() == 3 ? pooled(array, options.pooling) : array);
    }
  }
}

}  // namespace physprobe
