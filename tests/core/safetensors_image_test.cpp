#include "physprobe/core/safetensors_image.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/safetensors.h"

#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>

#include "core/expect_error.h"

namespace physprobe {
namespace {

using testing::throws_error;

SafetensorsImage sample() {
  const at::Tensor values = at::arange(12, at::kFloat).reshape({3, 4});
  return {{{"a", values}, {"b", values.t().to(at::kHalf)}, {"ids", at::arange(3, at::kLong)}},
          {{"kind", "tokens"}}};
}

TEST(SafetensorsImage, EqualsTheFileOfTheSameTensors) {
  const testing::TempDir dir;
  const SafetensorsImage image = sample();
  write_safetensors(dir / "a.safetensors", image.tensors, image.metadata);
  EXPECT_EQ(format_safetensors("image", image), read_file(dir / "a.safetensors"));
}

TEST(SafetensorsImage, RoundTrips) {
  const SafetensorsImage image = sample();
  const SafetensorsImage again = parse_safetensors("image", format_safetensors("image", image));
  EXPECT_EQ(again.metadata, image.metadata);
  ASSERT_EQ(again.tensors.size(), image.tensors.size());
  for (const auto& [name, tensor] : image.tensors) {
    EXPECT_EQ(again.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(again.tensors.at(name).equal(tensor)) << name;
  }
}

TEST(SafetensorsImage, EveryCutIsRefused) {
  const std::string bytes = format_safetensors("image", sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(throws_error(ErrorKind::kInput, "image", [&] {
      parse_safetensors("image", std::string_view(bytes).substr(0, size));
    })) << size;
  }
}

TEST(SafetensorsImage, LengthsBeyondTheEndAreRefused) {
  std::string bytes = format_safetensors("image", sample());
  bytes[7] = '\x7f';  // the header's length, top byte
  EXPECT_TRUE(throws_error(ErrorKind::kInput, "claims a safetensors header",
                           [&] { parse_safetensors("image", bytes); }));
}

}  // namespace
}  // namespace physprobe
