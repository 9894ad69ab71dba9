#pragma once
// One writer per directory: runs and stores hold this lock while they write.

#include <string>

namespace physprobe {

/// Exclusive lock of a directory: a file `LOCK` naming host, pid and start time of the holder, held
/// with flock. A lock whose holder died is taken over; a held one gives Error(kResource) naming the
/// holder; a file system without locks gives Error(kResource) that says so. The file is removed on
/// release.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace physprobe
