#pragma once
// From a model's words to one of two answers. Each published benchmark has its own rule, quirks
// included, and scores are only comparable under that rule; the robust rule shows what the quirks
// cost.

#include <array>
#include <string>
#include <string_view>

namespace physprobe {

/// The answer is not one of the two.
constexpr int kUnparsed = -1;

/// MVP (Krojer et al. 2025, code 149e336; lmms-eval 75571cf), bug for bug: of all letters a or b
/// that end a word, whatever stands before them, the second counts if there are two, else the first
/// ("camera" ends in an a). 0 for A, 1 for B.
int parse_mvp_answer(std::string_view response);

/// Reads what the response says: thinking in <think> tags is dropped; then the last explicit
/// declaration ("answer is B", "Answer: (B)", \boxed{B}), else a lone letter with brackets or
/// markup, else the text of exactly one candidate. Letters count only as standalone capitals or in
/// brackets; "A or B" declares nothing. `candidates` may be empty texts when unknown.
int parse_robust_answer(std::string_view response, const std::array<std::string, 2>& candidates);

/// IntPhys 2 in lmms-eval: 0 impossible, 1 possible. "impossible", "not possible", "cannot" and
/// "can't" as whole words win over "possible"; "not physically possible" is possible (quirk).
int parse_possible_answer(std::string_view response);

/// NaturalBench in lmms-eval: the first whole word of the two. 1 for yes or A, 0 for no or B.
int parse_yes_no_answer(std::string_view response);
int parse_multiple_choice_answer(std::string_view response);

/// Vinoground: the first character, whatever its case. 0 for A, 1 for B. An empty response is
/// unparsed (the reference raises).
int parse_first_letter_answer(std::string_view response);

}  // namespace physprobe
