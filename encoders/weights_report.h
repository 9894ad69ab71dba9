#pragma once
// What a weights file holds and what it looks like, for people (`physprobe inspect weights`), and
// its conversion to safetensors (`physprobe convert`).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

struct WeightsTensor {
  std::string name;
  std::string dtype;  ///< "F32", "BF16", …
  std::vector<int64_t> shape;
  int64_t not_finite = 0;  ///< Elements that are NaN or infinite (0 if values were not read).
};

/// How well a file fits one family of encoders.
struct FamilyFit {
  std::string family;
  bool fits = false;
  std::string detection;  ///< The architecture read off names and shapes, one line; "" if none.
  std::string reason;     ///< Why it does not fit, "" if it does.
  std::vector<std::string> missing;
  std::vector<std::string> unexpected;
  std::vector<std::string> misshaped;
};

struct WeightsReport {
  std::string path;    ///< The file or index.
  std::string format;  ///< "safetensors" or "torch.save".
  std::string digest;  ///< SHA-256.
  std::map<std::string, std::string> metadata;
  std::vector<WeightsTensor> tensors;    ///< Sorted by name.
  std::vector<std::string> passed_over;  ///< Python types in the file that were not looked at.
  std::string detection;                 ///< The best guess, one line; "" if nothing fits.
  std::string detected_family;
  std::vector<FamilyFit> families;  ///< Every family, the one detected first.
};

struct WeightsQuestion {
  std::string family;          ///< "" = every one.
  int64_t heads = 0;           ///< As the option of the same name.
  std::string checkpoint_key;  ///< As the option of the same name.
  bool with_values = true;     ///< Read every tensor and look for NaN and infinity.
};

/// Throws Error(kInput) or Error(kIncompatible) for a file that cannot be read at all,
/// Error(kUsage) for an unknown family; a file of an unknown model is a result, not an error.
WeightsReport inspect_weights(const std::string& path, const WeightsQuestion& question);

struct ConversionOptions {
  std::string checkpoint_key;  ///< Only tensors under this name, which is taken off; "" = all.
  std::string dtype = "keep";  ///< keep, float32, float16 or bfloat16: of the floating tensors.
};

/// Writes the tensors of `path` as one safetensors file, with the source's digest as metadata;
/// returns how many. Values are bit-identical unless a dtype is asked for. Throws Error(kUsage) for
/// a key that nothing stands under, Error(kInput) for values that the dtype asked for cannot hold.
int64_t convert_weights(const std::string& path,
                        const std::string& output,
                        const ConversionOptions& options);

}  // namespace physprobe
