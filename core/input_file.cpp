#include "physprobe/core/input_file.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace physprobe {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "tensor files are little-endian and are read without conversion");

InputFile::InputFile(const std::string& path) : path_(path) {
  if (path.find('\0') != std::string::npos) {
    throw Error(ErrorKind::kInput, path.c_str(), "the path contains a NUL byte");
  }
  do {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) {
    const int code = errno;
    if (code == ENOENT) throw Error(ErrorKind::kInput, path, "does not exist");
    const bool exhausted = code == EMFILE || code == ENFILE || code == ENOMEM;
    throw Error(exhausted ? ErrorKind::kResource : ErrorKind::kInput, path,
                "cannot be opened: " + std::generic_category().message(code));
  }
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw Error(ErrorKind::kInput, path,
                known && S_ISDIR(status.st_mode) ? "is a directory, expected a file"
                                                 : "is not a regular file (pipe or device?)");
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  return *this;
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void InputFile::read_at(uint64_t offset, void* out, std::size_t count) const {
  // The kernel moves at most 2 GiB a call; smaller pieces behave the same everywhere.
  constexpr std::size_t kPiece = std::size_t{1} << 28;
  char* target = static_cast<char*>(out);
  while (count > 0) {
    const ssize_t got =
        ::pread(descriptor_, target, std::min(count, kPiece), static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      throw Error(ErrorKind::kInput, path_,
                  "cannot be read: " + std::generic_category().message(errno));
    }
    if (got == 0) {
      throw Error(ErrorKind::kInput, path_,
                  fmt::format("ends at byte {} but had {} bytes when it was opened; the file was "
                              "shortened meanwhile",
                              offset, size_));
    }
    target += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

}  // namespace physprobe
