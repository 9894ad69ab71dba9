#ifdef __x86_64__
#define PHYSPROBE_HAS_X86_KERNELS
#endif
#include "physprobe/eval/physics_iq/motion_kernels.h"

#include "physprobe/core/rng.h"
#include "physprobe/eval/physics_iq/frame_resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace physprobe {
namespace {

/// Those for vector units that this CPU has; the plain loops are what they are compared with.
std::vector<const MotionKernels*> variants() {
  std::vector<const MotionKernels*> list = {&motion_kernels()};
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    list.push_back(&motion_kernels_avx2());
#endif
  return list;
}

std::vector<uint8_t> random_bytes(std::size_t count, uint64_t seed) {
  Rng rng(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.below(256));
  return bytes;
}

std::vector<uint64_t> random_words(std::size_t count, uint64_t seed) {
  Rng rng(seed);
  std::vector<uint64_t> words(count);
  // Long runs of either value too: few bits of single random words survive an erosion.
  for (uint64_t& word : words)
    word = rng.below(3) == 0 ? rng.below(2) - 1 : rng.below(UINT64_MAX) | rng.below(UINT64_MAX);
  return words;
}

TEST(PhysicsIqMotionKernels, SquaredDifferenceIsTheExactSum) {
  const std::vector<uint8_t> a = random_bytes(100'003, 1);  // longer than a block of the sum
  const std::vector<uint8_t> b = random_bytes(a.size(), 2);
  int64_t want = 0;
  for (std::size_t i = 0; i < a.size(); ++i) want += (a[i] - b[i]) * (a[i] - b[i]);
  for (const MotionKernels* kernels : variants())
    EXPECT_EQ(kernels->squared_difference(a.data(), b.data(), 100'003), want) << kernels->name;
  EXPECT_EQ(motion_kernels_baseline().squared_difference(a.data(), b.data(), 100'003), want);
}

TEST(PhysicsIqMotionKernels, BackgroundsOfSeveralFramesEqualThoseOfOneAfterTheOther) {
  for (const int64_t count : {1, 7, 8, 16, 63, 64, 100, 10'007}) {
    std::vector<std::vector<uint8_t>> greys;
    for (uint64_t t = 0; t < 8; ++t)
      greys.push_back(random_bytes(static_cast<std::size_t>(count), t));
    // Differences near the threshold, and ties of the rounding, from a background of whole greys.
    for (std::size_t i = 0; i < greys[1].size(); ++i)
      greys[0][i] = static_cast<uint8_t>(100 + i % 40);
    const auto words = static_cast<std::size_t>((count + 63) / 64);
    std::vector<double> want_background(greys[0].size(), 100.0);
    std::vector<std::vector<uint64_t>> want(8, std::vector<uint64_t>(words));
    for (std::size_t t = 0; t < 8; ++t) {
      const uint8_t* const grey = greys[t].data();
      uint64_t* const output = want[t].data();
      motion_kernels_baseline().update_background(&grey, 1, count, 10, want_background.data(),
                                                  &output);
    }
    for (const MotionKernels* kernels : variants()) {
      std::vector<double> background(greys[0].size(), 100.0);
      std::vector<std::vector<uint64_t>> got(8, std::vector<uint64_t>(words, ~uint64_t{0}));
      std::vector<const uint8_t*> inputs;
      std::vector<uint64_t*> outputs;
      for (std::size_t t = 0; t < 8; ++t) {
        inputs.push_back(greys[t].data());
        outputs.push_back(got[t].data());
      }
      kernels->update_background(inputs.data(), 8, count, 10, background.data(), outputs.data());
      EXPECT_EQ(background, want_background) << kernels->name << " " << count;
      EXPECT_EQ(got, want) << kernels->name << " " << count;
    }
  }
}

// Every residue of a vector, at the end of the memory that belongs to the row.
TEST(PhysicsIqMotionKernels, RowsOfEveryWidthEqualThePlainLoops) {
  for (const MotionKernels* kernels : variants()) {
    for (int64_t width = 1; width < 200; ++width) {
      SCOPED_TRACE(width);
      const auto size = static_cast<std::size_t>(width);
      const std::vector<uint8_t> row = random_bytes(3 * size, 3);
      std::vector<uint8_t> got(size);
      std::vector<uint8_t> want(size);
      kernels->grey_row(row.data(), width, got.data());
      motion_kernels_baseline().grey_row(row.data(), width, want.data());
      ASSERT_EQ(got, want) << kernels->name;

      std::vector<std::vector<uint8_t>> five;
      for (uint64_t i = 0; i < 5; ++i) five.push_back(random_bytes(size + 4, 10 + i));
      if (width % 3 == 0) five.assign(5, std::vector<uint8_t>(size + 4, 255));  // the largest sum
      const uint8_t* const rows[5] = {five[0].data(), five[1].data(), five[2].data(),
                                      five[3].data(), five[4].data()};
      std::vector<uint16_t> sums(size + 4);
      kernels->blur_row(rows, width, sums.data(), got.data());
      motion_kernels_baseline().blur_row(rows, width, sums.data(), want.data());
      ASSERT_EQ(got, want) << kernels->name;

      const std::vector<uint8_t> upper = random_bytes(12 * size, 4);
      const std::vector<uint8_t> lower = random_bytes(12 * size, 5);
      std::vector<uint8_t> small_got(3 * size);
      std::vector<uint8_t> small_want(3 * size);
      kernels->quarter_row(upper.data(), lower.data(), width, small_got.data());
      motion_kernels_baseline().quarter_row(upper.data(), lower.data(), width, small_want.data());
      ASSERT_EQ(small_got, small_want) << kernels->name;
    }
  }
}

TEST(PhysicsIqMotionKernels, RowsOfBitsEqualThePlainLoops) {
  for (const MotionKernels* kernels : variants()) {
    for (int64_t words = 1; words < 40; ++words) {
      const auto size = static_cast<std::size_t>(words);
      const std::vector<uint64_t> in = random_words(9 * (size + 2), 6);
      std::vector<uint64_t> got(size);
      std::vector<uint64_t> want(size);
      const auto expect_same = [&](const auto& call) {
        call(*kernels, got.data());
        call(motion_kernels_baseline(), want.data());
        EXPECT_EQ(got, want) << kernels->name << " " << words;
      };
      const uint64_t* rows[9];
      for (std::size_t i = 0; i < 9; ++i) rows[i] = in.data() + i * (size + 2);
      expect_same(
          [&](const MotionKernels& k, uint64_t* out) { k.erode_row(rows[0] + 1, words, out); });
      expect_same(
          [&](const MotionKernels& k, uint64_t* out) { k.dilate_row(rows[0] + 1, words, out); });
      expect_same(
          [&](const MotionKernels& k, uint64_t* out) { k.intersect_rows(rows, words, out); });
      expect_same([&](const MotionKernels& k, uint64_t* out) { k.unite_rows(rows, words, out); });
      int64_t counts[4] = {};
      kernels->count_overlap(rows[0], rows[1], words, &counts[0], &counts[1]);
      motion_kernels_baseline().count_overlap(rows[0], rows[1], words, &counts[2], &counts[3]);
      EXPECT_EQ(counts[0], counts[2]);
      EXPECT_EQ(counts[1], counts[3]);
    }
  }
}

TEST(PhysicsIqFrameResize, BandsOfRowsGiveTheBytesOfTheWholeFrame) {
  // By four exactly, and not; the last one enlarges.
  for (const auto& [height, width, out_height, out_width] : {std::array<int64_t, 4>{48, 64, 12, 16},
                                                             {48, 20, 12, 5},
                                                             {8, 4, 2, 1},
                                                             {50, 66, 12, 16},
                                                             {24, 32, 48, 64}}) {
    const std::vector<uint8_t> frame =
        random_bytes(static_cast<std::size_t>(height * width * 3), 7);
    std::vector<uint8_t> want(static_cast<std::size_t>(out_height * out_width * 3));
    resize_for_metrics(frame.data(), height, width, 3, want.data(), out_height, out_width);
    FrameShrinker shrinker(height, width, out_height, out_width);
    for (int64_t top = 0; top < height; top += 8)
      shrinker.push_rows(frame.data() + top * width * 3, width * 3, top,
                         std::min<int64_t>(8, height - top));
    EXPECT_EQ(std::vector<uint8_t>(shrinker.frame(), shrinker.frame() + want.size()), want)
        << height << "x" << width;
  }
}

}  // namespace
}  // namespace physprobe
