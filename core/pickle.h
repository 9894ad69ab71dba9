#pragma once
// Python pickles as data. The opcodes build a tree of nodes and nothing is ever called: what a
// pickle would call becomes a node that names it, so that reading one is as safe as reading JSON.
// Protocols 2 to 5 as torch.save and the pickle module write them. Internal to core.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

/// Index of a node in its tree.
using PickleIndex = uint32_t;

struct PickleNode {
  enum class Kind {
    kNone,
    kBool,        ///< `integer` is 0 or 1.
    kInteger,     ///< `integer`.
    kBigInteger,  ///< Beyond 64 bits; its value is dropped.
    kReal,        ///< `real`.
    kText,        ///< `text`, UTF-8 or bytes.
    kList,        ///< `items`; also sets.
    kTuple,       ///< `items`.
    kDict,        ///< `entries`.
    kGlobal,      ///< `text`: "module name", never looked up.
    kCall,        ///< `items`: what would be called, its arguments. `entries` if it is a mapping.
    kPersistent,  ///< `items`: the identifier of something kept outside the pickle.
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double real = 0.0;
  std::string text;
  std::vector<PickleIndex> items;
  std::vector<std::pair<PickleIndex, PickleIndex>> entries;
};

/// Nodes may be shared, and a malicious pickle can build cycles: walks need a bound of their own.
struct PickleTree {
  std::vector<PickleNode> nodes;
  PickleIndex root = 0;

  const PickleNode& operator[](PickleIndex index) const { return nodes[index]; }
  bool is_global(PickleIndex index, const char* name) const;
};

/// Delivers up to `count` of the next bytes and says how many; 0 at the end.
using ByteSource = std::function<std::size_t(char* out, std::size_t count)>;

/// Reads one pickle, up to and with its STOP, and nothing behind it. Memory is proportional to the
/// bytes read. Throws Error(kInput) with `subject` for anything malformed, with the byte at which
/// it was found.
PickleTree read_pickle(const std::string& subject, const ByteSource& source);

}  // namespace physprobe
