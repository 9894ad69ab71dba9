#include "physprobe/core/directory_lock.h"

#include "physprobe/core/error.h"
#include "physprobe/core/file_descriptor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace physprobe {

namespace {

std::string describe_this_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  return fmt::format("host {} pid {} since {:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z\n",
                     host[0] == '\0' ? "unknown" : host.data(), ::getpid(), utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string first_line(int descriptor) {
  std::array<char, 512> text{};
  const ssize_t got = ::pread(descriptor, text.data(), text.size() - 1, 0);
  std::string line(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  line.resize(std::min(line.find('\n'), line.size()));
  return line.empty() ? "a process that has not written its name yet" : line;
}

/// The holder removes its file on release; a descriptor of the removed file locks nothing.
bool is_still_named(int descriptor, const std::string& path) {
  struct stat open_file {};
  struct stat named_file {};
  return ::fstat(descriptor, &open_file) == 0 && ::stat(path.c_str(), &named_file) == 0 &&
         open_file.st_ino == named_file.st_ino && open_file.st_dev == named_file.st_dev;
}

}  // namespace

DirectoryLock::DirectoryLock(const std::string& directory) : path_(directory + "/LOCK") {
  while (true) {
    descriptor_ = open_for_writing(path_, path_, O_RDWR | O_CREAT);
    int status = 0;
    do {
      status = ::flock(descriptor_, LOCK_EX | LOCK_NB);
    } while (status != 0 && errno == EINTR);
    if (status != 0) {
      const int code = errno;
      const std::string holder = first_line(descriptor_);
      ::close(descriptor_);
      if (code == EWOULDBLOCK) {
        throw Error(ErrorKind::kResource, directory,
                    "is being written by another process (" + holder +
                        "); wait for it to end or choose another directory");
      }
      throw Error(ErrorKind::kResource, directory,
                  "cannot be locked: its file system does not support locks (" +
                      std::generic_category().message(code) +
                      "); use a directory on a local file system");
    }
    if (is_still_named(descriptor_, path_)) break;
    ::close(descriptor_);
  }
  try {
    if (::ftruncate(descriptor_, 0) != 0) throw_system_error(path_, "truncate");
    const std::string text = describe_this_process();
    write_fully(descriptor_, path_, text.data(), text.size());
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

DirectoryLock::~DirectoryLock() {
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

}  // namespace physprobe
