#pragma once
// The table of encoder families: one line each in builtin.cpp. Registration is explicit because
// self-registering statics vanish from static libraries. Internal.

#include "physprobe/encoders/encoder_factory.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace physprobe {

struct BuiltinFamily {
  EncoderFamily family;
  /// Builds from the whole config (encoder_factory.h); its top-level keys have been checked.
  std::function<std::unique_ptr<Encoder>(const nlohmann::json& config)> make;
};

const std::vector<BuiltinFamily>& builtin_families();

}  // namespace physprobe
