#pragma once
// Names and codes inside a segment's HDF5 content, shared by its writer and its reader. Internal.

#include <ATen/core/Tensor.h>

#include <array>

namespace physprobe::segment_schema {

constexpr char kMagic[] = "physprobe-segment";
constexpr int64_t kSchema = 1;

/// The code in /entries/dtype is the position in this table.
struct Dtype {
  at::ScalarType type;
  const char* name;  ///< Of the dataset under /values.
};
constexpr std::array<Dtype, 4> kDtypes = {{{at::kFloat, "float32"},
                                           {at::kDouble, "float64"},
                                           {at::kLong, "int64"},
                                           {at::kByte, "uint8"}}};

}  // namespace physprobe::segment_schema
