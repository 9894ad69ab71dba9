#include "physprobe/eval/physics_iq/frame_shelf.h"

#include "physprobe/core/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace physprobe {

FrameShelf::FrameShelf(int64_t frame_bytes, int64_t memory_bytes, std::string directory)
    : frame_bytes_(frame_bytes),
      frames_in_memory_(memory_bytes / (frame_bytes < 1 ? 1 : frame_bytes)),
      directory_(std::move(directory)) {}

FrameShelf::~FrameShelf() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FrameShelf::open_file() {
  std::string name = directory_ + "/frames-XXXXXX";
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0)
    throw Error(ErrorKind::kResource, directory_,
                std::string("no temporary file can be made there: ") + std::strerror(errno));
  ::unlink(name.c_str());
  page_.resize(static_cast<std::size_t>(frame_bytes_));
}

void FrameShelf::append(const uint8_t* frame) {
  if (count_ < frames_in_memory_) {
    if (count_ == 0) memory_.reserve(static_cast<std::size_t>(frames_in_memory_ * frame_bytes_));
    memory_.insert(memory_.end(), frame, frame + frame_bytes_);
    ++count_;
    return;
  }
  if (descriptor_ < 0) open_file();
  const int64_t begin = (count_ - frames_in_memory_) * frame_bytes_;
  for (int64_t done = 0; done < frame_bytes_;) {
    const ssize_t written = ::pwrite(descriptor_, frame + done,
                                     static_cast<std::size_t>(frame_bytes_ - done), begin + done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      throw Error(ErrorKind::kResource, directory_,
                  std::string("a temporary file cannot be written: ") + std::strerror(errno));
    done += written;
  }
  ++count_;
}

const uint8_t* FrameShelf::frame(int64_t index) {
  if (index < frames_in_memory_) return memory_.data() + index * frame_bytes_;
  const int64_t begin = (index - frames_in_memory_) * frame_bytes_;
  for (int64_t done = 0; done < frame_bytes_;) {
    const ssize_t got = ::pread(descriptor_, page_.data() + done,
                                static_cast<std::size_t>(frame_bytes_ - done), begin + done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw Error(ErrorKind::kResource, directory_, "a temporary file cannot be read back");
    done += got;
  }
  return page_.data();
}

}  // namespace physprobe
