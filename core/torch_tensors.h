#pragma once
// What a pickle of torch.save says about tensors: which there are, and where in which storage their
// numbers lie. Internal to core.

#include "physprobe/core/element_type.h"
#include "physprobe/core/pickle.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// Numbers kept outside the pickle, under a key.
struct TorchStorage {
  std::string key;
  ElementType type = ElementType::kF32;
  int64_t elements = 0;  ///< Of `type`; of an untyped one, bytes.
};

struct TorchTensor {
  std::string name;
  std::string storage;  ///< Its key.
  ElementType type = ElementType::kF32;
  int64_t offset = 0;  ///< In elements.
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  ///< In elements, not negative.
  int64_t span = 0;              ///< Elements from the first to behind the last; 0: empty.
};

struct TorchContents {
  std::vector<TorchTensor> tensors;              ///< Sorted by name.
  std::map<std::string, TorchStorage> storages;  ///< Every one the pickle names, also unused ones.
  std::vector<std::string> passed_over;          ///< Globals that are none of torch's tensors.
  std::string root_class;                        ///< What the whole is, if it is an object.
};

/// Walks dictionaries, lists and tuples from the root. Throws Error(kInput) for tensors that do not
/// fit their storage, for doubled names, and for trees too deep or too large to be a checkpoint.
TorchContents read_torch_contents(const std::string& subject, const PickleTree& tree);

}  // namespace physprobe
