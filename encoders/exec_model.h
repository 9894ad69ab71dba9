#pragma once
// What a served model is: how the suite names it, and how it describes itself in its first answer
// (docs/exec_protocol.md). Internal.

#include "physprobe/core/preprocess_spec.h"
#include "physprobe/encoders/encoder.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace physprobe {

/// The options of the family "exec".
struct ExecOptions {
  std::string command;                ///< For /bin/sh.
  std::string version;                ///< The version the model must have; "" = any.
  std::string name;                   ///< Instead of the name the model gives itself; "" = that.
  std::string device;                 ///< Handed on to the model, which may heed it.
  int64_t timeout_seconds = 0;        ///< For one answer; 0 = for ever.
  int64_t start_timeout_seconds = 0;  ///< For the first, which loads the model.
};

/// Of a config as encoder_factory.h describes it. Throws Error(kUsage).
ExecOptions read_exec_options(const nlohmann::json& config);

/// {"id": "exec:COMMAND"} as {"family": "exec", "options": {"command": COMMAND}}; any other config
/// as it is. Throws Error(kUsage) when a command is given twice.
nlohmann::json expand_exec_shorthand(const nlohmann::json& config);

struct ExecTap {
  TapInfo info;
  int64_t prefix_tokens = 0;  ///< Tokens before the grid.
  int64_t grid_height = 0;    ///< 0 = the tokens after the prefix are one row.
  int64_t grid_width = 0;
  bool is_pooled_by_first = false;  ///< Retrieval vector: token 0 instead of the patches' mean.
};

struct ExecModel {
  std::string name;
  std::string version;
  std::string description;
  std::string digest;         ///< SHA-256 of its weights as the model states it, or "".
  std::vector<ExecTap> taps;  ///< In the model's order, without "pixel".
  std::vector<std::string> default_taps;
  std::string retrieval_tap;
  PreprocessSpec preprocess;
  int64_t batch = 0;            ///< Most clips in one request; 0 = any.
  int64_t frames_per_step = 1;  ///< T / T'.
  bool has_untrained = false;   ///< Draws weights anew for a seed.
  bool is_predictor = false;    ///< Answers "targets" and "predict".
};

/// Reads the JSON text of a model's first answer as strictly as a config: unknown keys, missing and
/// ill-typed fields are Error(kIncompatible) naming the field and what is expected.
ExecModel parse_exec_model(const std::string& subject, const std::string& text);

/// Everything in the description that changes a value, in a fixed order.
std::string exec_model_canonical(const ExecModel& model);

/// True when frames prepared by `spec` are whole numbers 0..255, which are then sent as bytes.
bool yields_bytes(const PreprocessSpec& spec);

}  // namespace physprobe
