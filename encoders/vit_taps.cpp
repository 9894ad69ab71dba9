#include "physprobe/encoders/vit_taps.h"

namespace physprobe {
namespace {

std::string layout(const VitConfig& config) {
  std::string text = config.has_class_token ? "class token, " : "";
  if (config.has_distillation_token) text += "distillation token, ";
  if (config.registers > 0) text += "registers, ";
  return text + "patches row by row";
}

void add_tokens(std::vector<NamedVitTap>& taps,
                const VitConfig& config,
                const std::string& name,
                const std::string& description,
                VitTap tap) {
  using Part = VitTap::Part;
  tap.place = VitTap::Place::kTokens;
  const auto add = [&](const char* suffix, Part part, const std::string& what) {
    tap.part = part;
    taps.push_back({{name + suffix, config.width, description + ": " + what + "."}, tap});
  };
  add("", Part::kAll, layout(config));
  if (config.has_class_token) add(".cls", Part::kClass, "the class token alone");
  if (config.has_distillation_token) {
    add(".distillation", Part::kDistillation, "the distillation token alone");
  }
  if (config.registers > 0) add(".registers", Part::kRegisters, "the registers alone");
  if (config.prefix_tokens() > 0) add(".patches", Part::kPatches, "the patches alone, row by row");
}

}  // namespace

int64_t VitTap::last_block(const VitConfig& config) const {
  switch (place) {
    case Place::kPixel:
      return -2;
    case Place::kTokens:
      return block;
    case Place::kPooled:
      return config.depth - 1;
  }
  return -2;
}

int64_t VitTap::first_row(const VitConfig& config) const {
  if (part == Part::kDistillation) return config.class_tokens() - 1;
  if (part == Part::kRegisters) return config.class_tokens();
  return part == Part::kPatches ? config.prefix_tokens() : 0;
}

int64_t VitTap::rows(const VitConfig& config, int64_t patches) const {
  switch (part) {
    case Part::kAll:
      return config.prefix_tokens() + patches;
    case Part::kClass:
    case Part::kDistillation:
      return 1;
    case Part::kRegisters:
      return config.registers;
    case Part::kPatches:
      return patches;
  }
  return 0;
}

std::vector<NamedVitTap> vit_taps(const VitConfig& config, int64_t pixel_values) {
  std::vector<NamedVitTap> taps;
  taps.push_back(
      {{"pixel", pixel_values, "The preprocessed frame, flattened channel, row, column."}, {}});
  VitTap tap;
  add_tokens(taps, config, "embed", "The tokens entering the first block", tap);
  for (int64_t block = 0; block < config.depth; ++block) {
    const std::string name = "block" + std::to_string(block);
    tap.block = block;
    tap.is_normed = false;
    add_tokens(taps, config, name, "Residual stream after the block, not normed", tap);
    tap.is_normed = true;
    add_tokens(taps, config, name + ".norm", "The block's output after the final layer norm", tap);
  }
  add_tokens(taps, config, "norm", "The last block's output after the final layer norm", tap);
  tap = {};
  tap.place = VitTap::Place::kPooled;
  taps.push_back(
      {{"pooled", config.pooled_width(), "The vector the model publishes for an image."}, tap});
  return taps;
}

}  // namespace physprobe
