#pragma once
// An encoder's surprise and a language model's answers on the same pairs of videos: one table, and
// whether they fail on the same ones.

#include "physprobe/core/statistics/bootstrap.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace physprobe {

/// True for protocols of runs that hold surprise, and answers, of single pairs.
bool is_surprise_protocol(const std::string& protocol);
bool is_answer_protocol(const std::string& protocol);

/// From two finished run folders (`probe surprise --out`, and `score pairs` or `score intphys2`
/// --out): {protocols, chance, pairs: [{pair, task, surprise: {<model>: right}, answers: {<model>:
/// right}}], comparisons: [{surprise, answers, n_pairs, unshared, surprise_accuracy,
/// answers_accuracy, both, only_surprise, only_answers, neither, difference, error_consistency}]}.
/// A pair is right by surprise if the possible video surprises less at the fixed context (chance 50
/// %), by answers if both members' answers are right (25 %; 50 % where answers are scores of
/// pairs): accuracies are not on one scale, consistency corrects for them. Pairs are joined by the
/// ids of their videos, else by their names. Throws Error(kInput) for folders without items, or
/// when no pair is shared, naming one of each.
nlohmann::ordered_json compare_surprise_with_answers(const std::string& surprise_run,
                                                     const std::string& answers_run,
                                                     const BootstrapOptions& options);

std::string format_surprise_and_answers(const nlohmann::ordered_json& comparison);

}  // namespace physprobe
