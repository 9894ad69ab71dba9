#include "physprobe/core/torch_file.h"

#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"
#include "physprobe/core/text_affix.h"
#include "physprobe/core/torch_tensors.h"
#include "physprobe/core/zip_archive.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace physprobe {
namespace {

constexpr uint64_t kMaxPickleBytes = uint64_t{1} << 28;

const char* dtype_of(ElementType type) {
  switch (type) {
    case ElementType::kBool:
      return "BOOL";
    case ElementType::kU8:
      return "U8";
    case ElementType::kU16:
      return "U16";
    case ElementType::kU32:
      return "U32";
    case ElementType::kU64:
      return "U64";
    case ElementType::kI8:
      return "I8";
    case ElementType::kI16:
      return "I16";
    case ElementType::kI32:
      return "I32";
    case ElementType::kI64:
      return "I64";
    case ElementType::kF16:
      return "F16";
    case ElementType::kBF16:
      return "BF16";
    case ElementType::kF32:
      return "F32";
    case ElementType::kF64:
      return "F64";
  }
  throw Error(ErrorKind::kInternal, "", "element type without a name");
}

/// Bytes of a file from a place on, counted.
struct FileSource {
  const InputFile& file;
  uint64_t position;
  uint64_t end;
  std::string buffer = {};
  std::size_t used = 0;

  std::size_t operator()(char* out, std::size_t count) {
    if (used == buffer.size()) {
      buffer.resize(static_cast<std::size_t>(std::min<uint64_t>(1 << 16, end - position)));
      used = 0;
      if (buffer.empty()) return 0;
      file.read_at(position, buffer.data(), buffer.size());
      position += buffer.size();
    }
    const std::size_t taken = std::min(count, buffer.size() - used);
    std::memcpy(out, buffer.data() + used, taken);
    used += taken;
    return taken;
  }

  uint64_t consumed() const { return position - (buffer.size() - used); }
};

}  // namespace

struct TorchFile::Impl {
  explicit Impl(const std::string& path) : file(path) {}

  void open_archive() {
    const std::vector<ZipMember> all = read_zip_directory(file);
    std::string root;
    for (const ZipMember& member : all) {
      if (ends_with(member.name, "/data.pkl")) {
        root = member.name.substr(0, member.name.size() - std::strlen("data.pkl"));
      }
      if (ends_with(member.name, "/constants.pkl") ||
          member.name.find("/code/") != std::string::npos) {
        throw Error(ErrorKind::kIncompatible, file.path(),
                    "is a TorchScript program, which is not run; save the model's state_dict, or "
                    "name the family torchscript and say --trust-model (docs/encoders.md)");
      }
    }
    if (root.empty()) {
      throw Error(ErrorKind::kIncompatible, file.path(),
                  "is a ZIP archive without the data.pkl that torch.save writes");
    }
    for (const ZipMember& member : all) {
      if (member.name.compare(0, root.size(), root) == 0) {
        members.emplace(member.name.substr(root.size()), member);
      }
    }
    const auto order = members.find("byteorder");
    if (order != members.end() && member_text(order->second, 64) != "little") {
      throw Error(ErrorKind::kIncompatible, file.path(), "was saved on a big-endian machine");
    }
    const std::string pickle = member_text(members.at("data.pkl"), kMaxPickleBytes);
    std::size_t used = 0;
    const auto source = [&](char* out, std::size_t count) {
      const std::size_t taken = std::min(count, pickle.size() - used);
      std::copy_n(pickle.data() + used, taken, out);
      used += taken;
      return taken;
    };
    contents = read_torch_contents(file.path(), read_pickle(file.path(), source));
    for (const auto& [key, storage] : contents.storages) check_member(storage);
  }

  std::string member_text(const ZipMember& member, uint64_t limit) const {
    if (member.size > limit) {
      throw Error(ErrorKind::kInput, file.path(),
                  fmt::format("its member '{}' has {} bytes; at most {} are read", member.name,
                              member.size, limit));
    }
    ZipMemberReader reader(file, member, file.path() + "[" + member.name + "]");
    std::string text(static_cast<std::size_t>(member.size), '\0');
    reader.read(text.data(), text.size());
    reader.finish();
    return text;
  }

  void check_member(const TorchStorage& storage) const {
    const auto found = members.find("data/" + storage.key);
    const auto bytes = static_cast<uint64_t>(storage.elements * element_size(storage.type));
    if (found == members.end()) {
      throw Error(ErrorKind::kInput, file.path(),
                  "lacks the numbers of the storage '" + storage.key + "' (truncated?)");
    }
    if (found->second.size != bytes) {
      throw Error(ErrorKind::kInput, file.path(),
                  fmt::format("keeps {} bytes for the storage '{}', whose description says {}",
                              found->second.size, storage.key, bytes));
    }
  }

  /// Before torch 1.6: magic number, protocol, facts of the machine, the object, the storages'
  /// keys, each its own pickle; then each storage as its number of elements and the raw numbers.
  void open_pickles() {
    FileSource source{file, 0, file.size()};
    const ByteSource bytes = [&](char* out, std::size_t count) { return source(out, count); };
    const PickleTree magic = read_pickle(file.path(), bytes);
    constexpr unsigned char kMagic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    const std::string expected(reinterpret_cast<const char*>(kMagic), sizeof(kMagic));
    if (magic[magic.root].kind != PickleNode::Kind::kBigInteger ||
        magic[magic.root].text != expected) {
      throw Error(ErrorKind::kIncompatible, file.path(),
                  "is a pickle, but not one that torch.save wrote");
    }
    const PickleTree protocol = read_pickle(file.path(), bytes);
    if (protocol[protocol.root].integer != 1001) {
      throw Error(ErrorKind::kIncompatible, file.path(),
                  fmt::format("has torch's file protocol {}; expected 1001",
                              protocol[protocol.root].integer));
    }
    read_pickle(file.path(), bytes);
    contents = read_torch_contents(file.path(), read_pickle(file.path(), bytes));
    const PickleTree keys = read_pickle(file.path(), bytes);
    uint64_t position = source.consumed();
    for (const PickleIndex item : keys[keys.root].items) {
      const std::string& key = keys[item].text;
      const auto storage = contents.storages.find(key);
      if (storage == contents.storages.end()) {
        throw Error(ErrorKind::kInput, file.path(),
                    "keeps the storage '" + key + "', which nothing describes");
      }
      int64_t elements = 0;
      file.read_at(position, &elements, sizeof(elements));
      position += sizeof(elements);
      const auto size =
          static_cast<uint64_t>(storage->second.elements * element_size(storage->second.type));
      if (elements != storage->second.elements || size > file.size() - position) {
        throw Error(ErrorKind::kInput, file.path(),
                    fmt::format("keeps {} elements for the storage '{}', whose description says "
                                "{}, in the {} bytes left (truncated?)",
                                elements, key, storage->second.elements, file.size() - position));
      }
      places[key] = position;
      position += size;
    }
    for (const auto& [key, storage] : contents.storages) {
      if (places.count(key) == 0) {
        throw Error(ErrorKind::kInput, file.path(),
                    "lacks the numbers of the storage '" + key + "'");
      }
    }
  }

  void list_entries() {
    for (const TorchTensor& tensor : contents.tensors) {
      entries.push_back({tensor.name, dtype_of(tensor.type), tensor.shape, 0, 0});
    }
    if (entries.empty() && !contents.root_class.empty() &&
        contents.root_class != "collections OrderedDict") {
      std::string name = contents.root_class;
      std::replace(name.begin(), name.end(), ' ', '.');
      throw Error(ErrorKind::kIncompatible, file.path(),
                  "is a pickled object of the class " + name +
                      ", which would have to be run; save its state_dict instead");
    }
  }

  const TorchTensor& require(const std::string& name) const {
    const auto found = std::lower_bound(
        contents.tensors.begin(), contents.tensors.end(), name,
        [](const TorchTensor& tensor, const std::string& wanted) { return tensor.name < wanted; });
    if (found == contents.tensors.end() || found->name != name) {
      throw Error(ErrorKind::kInput, file.path(), "has no tensor '" + name + "'");
    }
    return *found;
  }

  at::Tensor read(const TorchTensor& tensor) const {
    const std::string subject = file.path() + "[" + tensor.name + "]";
    const auto first = static_cast<uint64_t>(tensor.offset * element_size(tensor.type));
    const std::vector<int64_t> flat = {tensor.span};
    const at::Tensor values =
        read_elements(subject, tensor.type, flat, [&](void* out, std::size_t bytes) {
          read_storage(tensor.storage, subject, first, out, bytes);
        });
    if (tensor.span == 0) return values.reshape(tensor.shape);
    return values.as_strided(tensor.shape, tensor.strides).contiguous();
  }

  void read_storage(const std::string& key,
                    const std::string& subject,
                    uint64_t first,
                    void* out,
                    std::size_t bytes) const {
    const auto place = places.find(key);
    if (place != places.end()) return file.read_at(place->second + first, out, bytes);
    // The whole member is read for its checksum. A storage that many tensors share is read once for
    // each: checkpoints that do so share small ones.
    ZipMemberReader reader(file, members.at("data/" + key), subject);
    reader.skip(first);
    reader.read(out, bytes);
    reader.finish();
  }

  InputFile file;
  TorchContents contents;
  std::vector<TensorEntry> entries;
  std::map<std::string, ZipMember> members;  ///< By name under the archive's folder.
  std::map<std::string, uint64_t> places;    ///< Of a file of pickles: where a storage begins.
};

TorchFile::TorchFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TorchFile::TorchFile(TorchFile&&) noexcept = default;
TorchFile& TorchFile::operator=(TorchFile&&) noexcept = default;
TorchFile::~TorchFile() = default;

bool TorchFile::looks_like_one(const std::string& path) {
  const InputFile file(path);
  unsigned char bytes[4] = {};
  if (file.size() < sizeof(bytes)) return false;
  file.read_at(0, bytes, sizeof(bytes));
  const bool is_archive = bytes[0] == 'P' && bytes[1] == 'K' && bytes[2] == 3 && bytes[3] == 4;
  return is_archive || (bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5);
}

TorchFile TorchFile::open(const std::string& path) {
  auto impl = std::make_unique<Impl>(path);
  if (!looks_like_one(path)) {
    throw Error(ErrorKind::kInput, path,
                "begins neither as a ZIP archive nor as a pickle; expected a file of torch.save");
  }
  char first = 0;
  impl->file.read_at(0, &first, 1);
  if (first == 'P') {
    impl->open_archive();
  } else {
    impl->open_pickles();
  }
  impl->list_entries();
  return TorchFile(std::move(impl));
}

const std::string& TorchFile::path() const {
  return impl_->file.path();
}

const std::vector<TensorEntry>& TorchFile::entries() const {
  return impl_->entries;
}

const std::vector<std::string>& TorchFile::passed_over() const {
  return impl_->contents.passed_over;
}

at::Tensor TorchFile::read(const std::string& name) const {
  return impl_->read(impl_->require(name));
}

}  // namespace physprobe
