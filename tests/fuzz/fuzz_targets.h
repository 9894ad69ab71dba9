#pragma once
// What libFuzzer calls and what the ordinary tests replay over the corpora: readers of files that
// strangers wrote. Each may accept or refuse any bytes, with an Error, and do nothing else.

#include <cstddef>
#include <cstdint>

namespace physprobe::fuzz {

void safetensors_header(const uint8_t* data, std::size_t size);
/// A pickle, and what torch's tensors are in it.
void pickle(const uint8_t* data, std::size_t size);
/// A ZIP archive's directory and every member to its end.
void zip_directory(const uint8_t* data, std::size_t size);

}  // namespace physprobe::fuzz
