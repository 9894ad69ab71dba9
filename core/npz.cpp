#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"
#include "physprobe/core/npy.h"
#include "physprobe/core/npy_format.h"
#include "physprobe/core/zip_archive.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace physprobe {

namespace {

constexpr std::string_view kExtension = ".npy";

bool is_array(const std::string& name) {
  return name.size() > kExtension.size() &&
         name.compare(name.size() - kExtension.size(), kExtension.size(), kExtension) == 0;
}

/// A member's bytes asked for in ascending order; what the header's parser looks at twice is kept.
class ForwardBytes {
 public:
  ForwardBytes(const InputFile& file, const ZipMember& member, const std::string& subject)
      : member_(file, member, subject) {}

  void read_head(uint64_t offset, void* out, std::size_t count) {
    const auto end = static_cast<std::size_t>(offset) + count;
    if (end > head_.size()) {
      const std::size_t known = head_.size();
      head_.resize(end);
      member_.read(head_.data() + known, end - known);
    }
    std::memcpy(out, head_.data() + offset, count);
  }
  bool can_reach(uint64_t offset) const { return offset >= member_.position(); }
  void read_at(uint64_t offset, void* out, std::size_t count) {
    member_.skip(offset - member_.position());
    member_.read(out, count);
  }
  void finish() { member_.finish(); }

 private:
  ZipMemberReader member_;
  std::string head_;
};

}  // namespace

struct NpzArchive::State {
  InputFile file;
  std::vector<ZipMember> members;
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> by_name;  ///< Position in `members`.

  std::string rows_name;  ///< The member whose rows were asked for last, checked as a whole.
  NpyHeader rows_header;
  std::unique_ptr<ForwardBytes> rows_bytes;
  at::Tensor rows_whole;  ///< Its elements when rows cannot be read one by one.

  explicit State(const std::string& path) : file(path), members(read_zip_directory(file)) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!is_array(members[i].name)) continue;
      names.push_back(members[i].name.substr(0, members[i].name.size() - kExtension.size()));
      by_name.emplace(names.back(), i);
    }
  }

  std::string subject(const std::string& name) const { return file.path() + "[" + name + "]"; }

  const ZipMember& member(const std::string& name) const {
    const auto found = by_name.find(name);
    if (found != by_name.end()) return members[found->second];
    throw Error(ErrorKind::kInput, file.path(),
                fmt::format("has no array '{}'; it holds: {}", name,
                            names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "))));
  }

  std::unique_ptr<ForwardBytes> open(const std::string& name, NpyHeader& header) const {
    const ZipMember& found = member(name);
    auto bytes = std::make_unique<ForwardBytes>(file, found, subject(name));
    header = parse_npy_header(subject(name), found.size,
                              [&](uint64_t offset, void* out, std::size_t count) {
                                bytes->read_head(offset, out, count);
                              });
    return bytes;
  }

  void begin_rows(const std::string& name) {
    rows_name.clear();
    rows_whole = at::Tensor();
    rows_bytes = open(name, rows_header);
    rows_bytes->finish();  // a damaged member is refused before any of its rows is used
    rows_bytes = open(name, rows_header);
    rows_name = name;
  }
};

NpzArchive::NpzArchive(const std::string& path) : state_(std::make_unique<State>(path)) {}
NpzArchive::~NpzArchive() = default;

const std::vector<std::string>& NpzArchive::names() const {
  return state_->names;
}

NpyHeader NpzArchive::header(const std::string& name) const {
  NpyHeader header;
  state_->open(name, header);
  return header;
}

at::Tensor NpzArchive::read(const std::string& name) const {
  NpyHeader header;
  const auto bytes = state_->open(name, header);
  at::Tensor array = read_npy_array(
      state_->subject(name), header,
      [&](uint64_t offset, void* out, std::size_t count) { bytes->read_at(offset, out, count); });
  bytes->finish();
  return array;
}

at::Tensor NpzArchive::read_rows(const std::string& name, int64_t begin, int64_t end) {
  State& state = *state_;
  if (state.rows_name != name) state.begin_rows(name);
  const std::vector<int64_t>& shape = state.rows_header.shape;
  require_rows(state.subject(name), shape, begin, end);
  // In Fortran order every row is scattered over the whole member, which can only be read forward.
  if (state.rows_header.fortran_order && shape.size() > 1) {
    if (!state.rows_whole.defined()) state.rows_whole = read(name);
    return state.rows_whole.slice(0, begin, end);
  }
  return read_npy_elements(state.subject(name), state.rows_header, begin, end,
                           [&](uint64_t offset, void* out, std::size_t count) {
                             if (!state.rows_bytes->can_reach(offset)) {
                               state.rows_bytes = state.open(name, state.rows_header);
                             }
                             state.rows_bytes->read_at(offset, out, count);
                           });
}

std::vector<std::string> NpzArchive::read_texts(const std::string& name) const {
  NpyHeader header;
  const auto bytes = state_->open(name, header);
  std::vector<std::string> texts = read_npy_text_elements(
      state_->subject(name), header,
      [&](uint64_t offset, void* out, std::size_t count) { bytes->read_at(offset, out, count); });
  bytes->finish();
  return texts;
}

}  // namespace physprobe
