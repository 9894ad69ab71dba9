#pragma once
// Names and codes inside a segment's HDF5 content, shared by its writer and its reader. Internal.

#include <ATen/core/Tensor.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstddef>

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

/// Position of a type that can be stored.
inline std::size_t dtype_code(at::ScalarType type) {
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [type](const Dtype& dtype) { return dtype.type == type; });
  return static_cast<std::size_t>(found - kDtypes.begin());
}

/// HDF5's type of such values in this machine's memory.
inline hid_t memory_type(std::size_t code) {
  const std::array<hid_t, 4> types = {H5T_NATIVE_FLOAT, H5T_NATIVE_DOUBLE, H5T_NATIVE_INT64,
                                      H5T_NATIVE_UINT8};
  return types.at(code);
}

}  // namespace physprobe::segment_schema
