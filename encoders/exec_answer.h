#pragma once
// What a served model answered, held against what was asked of it: names, shapes, finite values.
// Internal.

#include "physprobe/encoders/encoder.h"
#include "physprobe/encoders/exec_model.h"
#include "physprobe/encoders/exec_protocol.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

/// The tokens of every tap of `taps` (sorted), each (batch, steps, N, D) float32. Throws
/// Error(kInput) naming the tap, what came and what was expected, or where a value is not finite.
std::map<std::string, at::Tensor> checked_answer(const EncoderInfo& info,
                                                 const ExecModel& model,
                                                 const std::vector<std::string>& taps,
                                                 int64_t batch,
                                                 int64_t steps,
                                                 const ExecMessage& answer);

/// `tensor` of `answer` as float32. Throws Error(kInput) unless it is there, of a floating type,
/// finite and of the shape `expected` (-1 = any size above 0).
at::Tensor checked_tensor(const std::string& subject,
                          const ExecMessage& answer,
                          const std::string& tensor,
                          const std::vector<int64_t>& expected);

/// Tokens (B, T', N, D) with their pooled vectors (sums in double, in order of the tokens).
TapOutput exec_tap_output(const ExecTap& tap, const at::Tensor& tokens, bool keep_tokens);

}  // namespace physprobe
