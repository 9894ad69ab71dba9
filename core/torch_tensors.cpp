#include "physprobe/core/torch_tensors.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace physprobe {
namespace {

using Kind = PickleNode::Kind;

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxVisits = std::size_t{1} << 22;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kLongestName = 4096;

/// The element type behind "torch FloatStorage" and the like, or "torch float32".
std::optional<ElementType> type_of_global(const std::string& name) {
  static const std::map<std::string, ElementType> types = {
      {"torch FloatStorage", ElementType::kF32}, {"torch DoubleStorage", ElementType::kF64},
      {"torch HalfStorage", ElementType::kF16},  {"torch BFloat16Storage", ElementType::kBF16},
      {"torch LongStorage", ElementType::kI64},  {"torch IntStorage", ElementType::kI32},
      {"torch ShortStorage", ElementType::kI16}, {"torch CharStorage", ElementType::kI8},
      {"torch ByteStorage", ElementType::kU8},   {"torch BoolStorage", ElementType::kBool},
      {"torch float32", ElementType::kF32},      {"torch float64", ElementType::kF64},
      {"torch float16", ElementType::kF16},      {"torch bfloat16", ElementType::kBF16},
      {"torch int64", ElementType::kI64},        {"torch int32", ElementType::kI32},
      {"torch int16", ElementType::kI16},        {"torch int8", ElementType::kI8},
      {"torch uint8", ElementType::kU8},         {"torch bool", ElementType::kBool}};
  const auto found = types.find(name);
  if (found == types.end()) return std::nullopt;
  return found->second;
}

bool is_untyped_storage(const std::string& name) {
  return name == "torch.storage UntypedStorage" || name == "torch UntypedStorage";
}

/// Functions whose result is the tensor among their first argument's values.
bool wraps_a_tensor(const std::string& name) {
  return name == "torch._utils _rebuild_parameter" ||
         name == "torch._utils _rebuild_parameter_with_state";
}

bool rebuilds_a_tensor(const std::string& name) {
  return name == "torch._utils _rebuild_tensor_v2" || name == "torch._utils _rebuild_tensor" ||
         name == "torch._utils _rebuild_tensor_v3";
}

/// Globals that say nothing a user would miss.
bool is_plain(const std::string& name) {
  return name == "collections OrderedDict" || name == "torch Size" || wraps_a_tensor(name) ||
         rebuilds_a_tensor(name) || is_untyped_storage(name) || type_of_global(name).has_value();
}

class Walk {
 public:
  Walk(const std::string& subject, const PickleTree& tree) : subject_(subject), tree_(tree) {}

  TorchContents run() {
    for (const PickleNode& node : tree_.nodes) {
      if (node.kind == Kind::kPersistent) read_storage(node);
    }
    visit(tree_.root, "", 0);
    std::sort(contents_.tensors.begin(), contents_.tensors.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    for (std::size_t i = 1; i < contents_.tensors.size(); ++i) {
      if (contents_.tensors[i].name == contents_.tensors[i - 1].name) {
        fail("names the tensor '" + contents_.tensors[i].name + "' twice");
      }
    }
    std::set<std::string> globals;
    for (const PickleNode& node : tree_.nodes) {
      if (node.kind == Kind::kGlobal && !is_plain(node.text)) globals.insert(node.text);
    }
    for (std::string name : globals) {
      std::replace(name.begin(), name.end(), ' ', '.');
      contents_.passed_over.push_back(std::move(name));
    }
    const PickleNode& root = tree_[tree_.root];
    if (root.kind == Kind::kCall && tree_[root.items[0]].kind == Kind::kGlobal) {
      contents_.root_class = tree_[root.items[0]].text;
    }
    return std::move(contents_);
  }

 private:
  [[noreturn]] void fail(const std::string& defect) const {
    throw Error(ErrorKind::kInput, subject_, defect);
  }

  const std::string& callable(const PickleNode& call) const {
    static const std::string none;
    const PickleNode& target = tree_[call.items[0]];
    return target.kind == Kind::kGlobal ? target.text : none;
  }

  /// The arguments of a call; empty if they are no tuple.
  const std::vector<PickleIndex>& arguments(const PickleNode& call) const {
    static const std::vector<PickleIndex> none;
    const PickleNode& tuple = tree_[call.items[1]];
    return tuple.kind == Kind::kTuple ? tuple.items : none;
  }

  void visit(PickleIndex index, const std::string& name, int depth) {
    if (++visits_ > kMaxVisits) fail("is nested in too many ways to be a checkpoint");
    const PickleNode& node = tree_[index];
    const bool is_leaf = node.kind != Kind::kDict && node.kind != Kind::kList &&
                         node.kind != Kind::kTuple && node.kind != Kind::kCall;
    if (is_leaf) return;
    if (name.size() > kLongestName) fail("names a tensor by more than 4096 characters");
    if (depth > kMaxDepth) fail(fmt::format("is nested deeper than {} levels", kMaxDepth));
    const std::string prefix = name.empty() ? "" : name + ".";
    if (node.kind == Kind::kCall && visit_tensor(node, name)) return;
    for (const auto& [key, value] : node.entries) {
      const PickleNode& label = tree_[key];
      if (label.kind == Kind::kText) visit(value, prefix + label.text, depth + 1);
      if (label.kind == Kind::kInteger) {
        visit(value, prefix + std::to_string(label.integer), depth + 1);
      }
    }
    if (node.kind == Kind::kCall) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      visit(node.items[i], prefix + std::to_string(i), depth + 1);
    }
  }

  /// False if the call makes no tensor.
  bool visit_tensor(const PickleNode& call, const std::string& name) {
    const PickleNode* rebuild = &call;
    for (int wrapped = 0; wraps_a_tensor(callable(*rebuild)) && wrapped < kMaxDepth; ++wrapped) {
      const std::vector<PickleIndex>& inner = arguments(*rebuild);
      if (inner.empty() || tree_[inner[0]].kind != Kind::kCall) {
        fail("has a parameter '" + name + "' without a tensor");
      }
      rebuild = &tree_[inner[0]];
    }
    const std::string& function = callable(*rebuild);
    if (!rebuilds_a_tensor(function)) return false;
    read_tensor(function, arguments(*rebuild), name);
    return true;
  }

  std::string text(PickleIndex index, const char* what) const {
    const PickleNode& node = tree_[index];
    if (node.kind == Kind::kText) return node.text;
    if (node.kind == Kind::kInteger) return std::to_string(node.integer);
    fail(std::string("has a storage whose ") + what + " is no text");
  }

  int64_t whole_number(PickleIndex index, const std::string& name) const {
    const PickleNode& node = tree_[index];
    if (node.kind != Kind::kInteger || node.integer < 0) {
      fail("has the tensor '" + name +
           "' with an offset, size or stride that is no whole number from 0 on");
    }
    return node.integer;
  }

  std::vector<int64_t> whole_numbers(PickleIndex index, const std::string& name) const {
    const PickleNode* node = &tree_[index];
    // torch.Size is a call around a tuple.
    if (node->kind == Kind::kCall && callable(*node) == "torch Size" && !arguments(*node).empty()) {
      node = &tree_[arguments(*node)[0]];
    }
    if (node->kind != Kind::kTuple || node->items.size() > kMaxDimensions) {
      fail("has the tensor '" + name + "' whose shape or strides are no tuple of up to " +
           std::to_string(kMaxDimensions) + " numbers");
    }
    std::vector<int64_t> values;
    for (const PickleIndex item : node->items) values.push_back(whole_number(item, name));
    return values;
  }

  /// ("storage", type, key, location, elements) and, in old files, a sixth that must be None.
  void read_storage(const PickleNode& node) {
    const PickleNode& id = tree_[node.items[0]];
    if (id.kind != Kind::kTuple || id.items.size() < 5 || tree_[id.items[0]].text != "storage" ||
        tree_[id.items[1]].kind != Kind::kGlobal || tree_[id.items[4]].kind != Kind::kInteger) {
      fail("refers to something outside its pickle that is no storage");
    }
    if (id.items.size() > 5 && tree_[id.items[5]].kind != Kind::kNone) {
      fail(
          "has a storage that is part of another one, as only torch before 0.4 wrote; load and "
          "save it once with a newer torch");
    }
    TorchStorage storage;
    storage.key = text(id.items[2], "key");
    storage.elements = tree_[id.items[4]].integer;
    const std::string& type = tree_[id.items[1]].text;
    if (const auto known = type_of_global(type)) {
      storage.type = *known;
    } else if (is_untyped_storage(type)) {
      storage.type = ElementType::kU8;
    } else {
      return;  // of a kind no tensor is made of here; a tensor that refers to it fails
    }
    int64_t elements = 0;
    int64_t bytes = 0;
    if (!count_elements({storage.elements}, element_size(storage.type), elements, bytes)) {
      fail(fmt::format("has the storage '{}' of {} elements", storage.key, storage.elements));
    }
    const auto [place, is_new] = contents_.storages.emplace(storage.key, storage);
    if (!is_new &&
        (place->second.type != storage.type || place->second.elements != storage.elements)) {
      fail("describes the storage '" + storage.key + "' in two ways");
    }
  }

  const TorchStorage& storage_of(PickleIndex index, const std::string& name) const {
    const PickleNode& node = tree_[index];
    if (node.kind == Kind::kPersistent) {
      const std::vector<PickleIndex>& id = tree_[node.items[0]].items;
      const auto found = contents_.storages.find(text(id[2], "key"));
      if (found != contents_.storages.end()) return found->second;
    }
    fail("has the tensor '" + name +
         "' of a kind that is not read (quantised, sparse or complex); save it as a plain one");
  }

  void read_tensor(const std::string& function,
                   const std::vector<PickleIndex>& given,
                   const std::string& name) {
    if (given.size() < 4) fail("has the tensor '" + name + "' with too few arguments");
    const TorchStorage& storage = storage_of(given[0], name);
    TorchTensor tensor;
    tensor.name = name;
    tensor.storage = storage.key;
    tensor.type = storage.type;
    if (function == "torch._utils _rebuild_tensor_v3") {
      const auto type = given.size() > 6 ? type_of_global(tree_[given[6]].text) : std::nullopt;
      if (!type) fail("has the tensor '" + name + "' of an unknown element type");
      tensor.type = *type;
    }
    tensor.offset = whole_number(given[1], name);
    tensor.shape = whole_numbers(given[2], name);
    tensor.strides = whole_numbers(given[3], name);
    check_extent(storage, tensor);
    contents_.tensors.push_back(std::move(tensor));
  }

  /// Sets `span`; refuses what reaches beyond the storage or would need more memory than it.
  void check_extent(const TorchStorage& storage, TorchTensor& tensor) const {
    int64_t elements = 0;
    int64_t bytes = 0;
    if (tensor.shape.size() != tensor.strides.size() ||
        !count_elements(tensor.shape, element_size(tensor.type), elements, bytes)) {
      fail("has the tensor '" + tensor.name + "' with an impossible shape");
    }
    if (elements == 0) return;
    int64_t last = 0;
    bool overflows = false;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      int64_t reach = 0;
      overflows = overflows ||
                  __builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &reach) ||
                  __builtin_add_overflow(last, reach, &last);
    }
    const int64_t available =
        storage.elements * element_size(storage.type) / element_size(tensor.type);
    if (overflows || tensor.offset > available || last >= available - tensor.offset) {
      fail(fmt::format("has the tensor '{}' that reaches beyond the {} elements of its storage",
                       tensor.name, available));
    }
    if (elements > available) {
      fail(
          fmt::format("has the tensor '{}' of {} elements that repeat the {} of its storage; save "
                      "it contiguous",
                      tensor.name, elements, available));
    }
    tensor.span = last + 1;
  }

  const std::string& subject_;
  const PickleTree& tree_;
  TorchContents contents_;
  std::size_t visits_ = 0;
};

}  // namespace

TorchContents read_torch_contents(const std::string& subject, const PickleTree& tree) {
  return Walk(subject, tree).run();
}

}  // namespace physprobe
