#pragma once
// Small frames of a clip kept until the clips they are compared with have been decoded: decoding
// one clip at a time needs one decoder's memory instead of three. What exceeds the memory allowance
// goes to an unnamed temporary file.

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

class FrameShelf {
 public:
  /// Frames of `frame_bytes` each; at most `memory_bytes` of them stay in memory, the others in a
  /// file in `directory` that vanishes with the shelf.
  FrameShelf(int64_t frame_bytes, int64_t memory_bytes, std::string directory);
  ~FrameShelf();
  FrameShelf(const FrameShelf&) = delete;
  FrameShelf& operator=(const FrameShelf&) = delete;

  /// Throws Error(kResource) if the file cannot be written.
  void append(const uint8_t* frame);
  int64_t size() const { return count_; }
  /// Valid until the next call.
  const uint8_t* frame(int64_t index);

 private:
  void open_file();
  int64_t frame_bytes_;
  int64_t frames_in_memory_;
  std::string directory_;
  std::vector<uint8_t> memory_;
  std::vector<uint8_t> page_;
  int descriptor_ = -1;
  int64_t count_ = 0;
};

}  // namespace physprobe
