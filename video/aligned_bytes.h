#pragma once
// Memory for pixels, not filled with anything, on the boundary that swscale's vector code wants.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace physprobe {

class AlignedBytes {
 public:
  static constexpr int64_t kAlignment = 64;

  /// Makes room for `size` bytes; what was there is lost if the memory has to grow. Throws
  /// std::bad_alloc.
  void require(int64_t size) {
    if (size <= size_) return;
    memory_.reset();
    size_ = 0;
    const auto rounded =
        static_cast<std::size_t>((size + kAlignment - 1) / kAlignment * kAlignment);
    memory_.reset(static_cast<uint8_t*>(std::aligned_alloc(kAlignment, rounded)));
    if (memory_ == nullptr) throw std::bad_alloc();
    size_ = size;
  }
  uint8_t* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
  int64_t size_ = 0;
};

}  // namespace physprobe
