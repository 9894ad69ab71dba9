#include "physprobe/benchmarks/torch_checkpoint.h"

#include "physprobe/core/error.h"

#include <zlib.h>

#include <fstream>
#include <vector>

namespace physprobe {
namespace {

std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 255U);
  return text;
}

std::string pickled_text(const std::string& text) {
  return "X" + little_endian(text.size(), 4) + text;
}

std::string pickled_number(int64_t value) {
  return "\x8a\x08" + little_endian(static_cast<uint64_t>(value), 8);
}

std::string pickled_numbers(at::IntArrayRef values) {
  std::string bytes = "(";
  for (const int64_t value : values) bytes += pickled_number(value);
  return bytes + "t";
}

/// torch._utils._rebuild_tensor_v2((storage), 0, shape, strides, False, OrderedDict())
std::string pickled_tensor(const std::string& key, const at::Tensor& tensor) {
  const std::string storage = "(" + pickled_text("storage") + "ctorch\nFloatStorage\n" +
                              pickled_text(key) + pickled_text("cpu") +
                              pickled_number(tensor.numel()) + "tQ";
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + pickled_number(0) +
         pickled_numbers(tensor.sizes()) + pickled_numbers(tensor.strides()) + "\x89" +
         "ccollections\nOrderedDict\n)RtR";
}

/// Stored members of a ZIP archive, written as they come.
class Archive {
 public:
  explicit Archive(const std::string& path) : path_(path), out_(path, std::ios::binary) {}

  void add(const std::string& name, const char* bytes, std::size_t size) {
    const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes), size);
    const std::string fields = little_endian(20, 2) + little_endian(0, 8) + little_endian(crc, 4) +
                               little_endian(size, 4) + little_endian(size, 4) +
                               little_endian(name.size(), 2) + little_endian(0, 2);
    directory_ += "PK\1\2" + little_endian(20, 2) + fields + little_endian(0, 10) +
                  little_endian(written_, 4) + name;
    ++members_;
    write("PK\3\4" + fields + name);
    out_.write(bytes, static_cast<std::streamsize>(size));
    written_ += size;
  }

  void close() {
    const uint64_t start = written_;
    const uint64_t size = directory_.size();
    write(directory_);
    write("PK\5\6" + little_endian(0, 4) + little_endian(members_, 2) + little_endian(members_, 2) +
          little_endian(size, 4) + little_endian(start, 4) + little_endian(0, 2));
    out_.close();
    if (!out_) throw Error(ErrorKind::kResource, path_, "cannot be written; is the disk full?");
  }

 private:
  void write(const std::string& bytes) {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    written_ += bytes.size();
  }

  std::string path_;
  std::ofstream out_;
  std::string directory_;
  uint64_t written_ = 0;
  uint64_t members_ = 0;
};

}  // namespace

void write_torch_checkpoint(const std::string& path,
                            const std::map<std::string, at::Tensor>& tensors) {
  std::string dict = "\x80\x02}(";
  int64_t key = 0;
  for (const auto& [name, tensor] : tensors) {
    dict += pickled_text(name) + pickled_tensor(std::to_string(key++), tensor);
  }
  dict += "u.";
  Archive archive(path);
  archive.add("archive/data.pkl", dict.data(), dict.size());
  key = 0;
  for (const auto& [name, tensor] : tensors) {
    archive.add("archive/data/" + std::to_string(key++),
                reinterpret_cast<const char*>(tensor.data_ptr<float>()), tensor.nbytes());
  }
  archive.close();
}

}  // namespace physprobe
