#include "physprobe/core/file_descriptor.h"

#include "physprobe/core/error.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace physprobe {

void throw_system_error(const std::string& path, const std::string& action) {
  const int code = errno;
  const char* remedy = "";
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    remedy = "; free some space, or choose another folder";
  } else if (code == EACCES || code == EPERM || code == EROFS) {
    remedy = "; choose a folder you may write to";
  }
  throw Error(ErrorKind::kResource, path,
              "cannot " + action + ": " + std::generic_category().message(code) + remedy);
}

int open_for_writing(const std::string& path, const std::string& subject, int flags) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) throw_system_error(subject, "open it for writing");
  return descriptor;
}

void write_fully(int descriptor,
                 const std::string& path,
                 const char* data,
                 std::size_t size_bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 28;
  while (size_bytes > 0) {
    const ssize_t written = ::write(descriptor, data, std::min(size_bytes, kPiece));
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_system_error(path, "write");
    }
    data += written;
    size_bytes -= static_cast<std::size_t>(written);
  }
}

void fsync_descriptor(int descriptor, const std::string& path) {
  int status = 0;
  do {
    status = ::fsync(descriptor);
  } while (status != 0 && errno == EINTR);
  if (status != 0) throw_system_error(path, "flush to disk (fsync)");
}

}  // namespace physprobe
