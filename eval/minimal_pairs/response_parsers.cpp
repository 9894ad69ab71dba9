#include "physprobe/eval/minimal_pairs/response_parsers.h"

#include "physprobe/core/unicode_word.h"

#include <algorithm>
#include <vector>

namespace physprobe {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_ascii(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

bool contains_word(std::string_view text, std::string_view word) {
  return find_word(text, word) != kNowhere;
}

/// 1 for the first word, 0 for the second, whichever comes first.
int first_of_words(std::string_view text, std::string_view one, std::string_view other) {
  const std::size_t first = find_word(text, one);
  const std::size_t second = find_word(text, other);
  if (first == kNowhere && second == kNowhere) return kUnparsed;
  return first < second ? 1 : 0;  // npos is larger than any position
}

/// Everything outside <think>…</think>; an end without a start drops what is before it, a start
/// without an end what is after it: that answer was never given.
std::string without_thinking(std::string_view response) {
  const std::string lowered = lower_ascii(response);
  std::string kept;
  std::size_t position = 0;
  while (position < response.size()) {
    const std::size_t open = lowered.find("<think>", position);
    const std::size_t close = lowered.find("</think>", position);
    if (close == kNowhere) {
      kept += response.substr(position, open == kNowhere ? kNowhere : open - position);
      break;
    }
    if (open != kNowhere && open < close) {
      kept += response.substr(position, open - position);
    } else {
      kept.clear();
    }
    position = close + std::string_view("</think>").size();
  }
  return kept;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_opening(char c) {
  return std::string_view("([{").find(c) != kNowhere;
}
bool is_markup(char c) {
  return std::string_view("*_`\"'$:=-").find(c) != kNowhere;
}

std::size_t skip_spaces(std::string_view text, std::size_t position) {
  while (position < text.size() && is_space(text[position])) ++position;
  return position;
}

struct Letter {
  int answer = kUnparsed;
  std::size_t end = 0;
};

/// The letter at `position`, past brackets and markup; a lower-case one only inside brackets.
Letter letter_at(std::string_view text, std::size_t position) {
  bool is_bracketed = false;
  while (position < text.size() &&
         (is_space(text[position]) || is_opening(text[position]) || is_markup(text[position]))) {
    is_bracketed = is_bracketed || is_opening(text[position]);
    ++position;
  }
  if (position >= text.size()) return {};
  const char c = text[position];
  const bool is_letter = c == 'A' || c == 'B' || (is_bracketed && (c == 'a' || c == 'b'));
  if (!is_letter || is_word_at(text, position + 1)) {
    // An underscore that closes emphasis (_B_) is markup, not part of a word.
    const bool closes_emphasis = is_letter && position + 1 < text.size() &&
                                 text[position + 1] == '_' && !is_word_at(text, position + 2);
    if (!closes_emphasis) return {};
  }
  return {lower(c) == 'a' ? 0 : 1, position + 1};
}

/// Whether the letter that ended at `position` is followed by another one as an alternative: "A/B",
/// "A or B", "A and B".
bool names_alternatives(std::string_view text, std::size_t position) {
  while (position < text.size() &&
         std::string_view(")]}*_`\"'$ ,").find(text[position]) != kNowhere)
    ++position;
  std::size_t next = kNowhere;
  if (position < text.size() && (text[position] == '/' || text[position] == '|')) {
    next = position + 1;
  } else {
    for (const std::string_view word : {"or", "and"}) {
      if (find_word(text.substr(0, std::min(text.size(), position + word.size() + 1)), word,
                    position) == position)
        next = position + word.size();
    }
  }
  return next != kNowhere && letter_at(text, next).answer != kUnparsed;
}

/// Position after ":" (also the full-width one), "=", "-", "is", "is:"; npos when none follows.
std::size_t after_copula(std::string_view text, std::size_t position) {
  constexpr std::string_view kWideColon = "\xEF\xBC\x9A";
  while (position < text.size() && (is_space(text[position]) || text[position] == '*')) ++position;
  bool found = false;
  if (lower_ascii(text.substr(position, 2)) == "is" && !is_word_at(text, position + 2)) {
    position = skip_spaces(text, position + 2);
    found = true;
  }
  if (text.substr(position, kWideColon.size()) == kWideColon) {
    position += kWideColon.size();
    found = true;
  } else if (position < text.size() && std::string_view(":=-").find(text[position]) != kNowhere) {
    ++position;
    found = true;
  }
  return found ? position : kNowhere;
}

/// "option", "choice" between the copula and the letter ("the answer is option B").
std::size_t skip_noun(std::string_view text, std::size_t position) {
  position = skip_spaces(text, position);
  for (const std::string_view noun : {"option", "choice"}) {
    if (lower_ascii(text.substr(position, noun.size())) == noun &&
        !is_word_at(text, position + noun.size()))
      return position + noun.size();
  }
  return position;
}

int last_declaration(std::string_view text) {
  int answer = kUnparsed;
  std::size_t where = 0;
  const auto consider = [&](std::size_t start, std::size_t at) {
    const Letter letter = letter_at(text, at);
    if (letter.answer == kUnparsed || names_alternatives(text, letter.end) || start < where) return;
    answer = letter.answer;
    where = start;
  };
  for (const std::string_view word : {"answer", "option", "choice"}) {
    for (std::size_t at = find_word(text, word); at != kNowhere;
         at = find_word(text, word, at + 1)) {
      const std::size_t after = after_copula(text, at + word.size());
      if (after != kNowhere) consider(at, skip_noun(text, after));
    }
  }
  constexpr std::string_view kBoxed = "\\boxed{";
  for (std::size_t at = text.find(kBoxed); at != kNowhere; at = text.find(kBoxed, at + 1)) {
    std::size_t inside = at + kBoxed.size();
    constexpr std::string_view kText = "\\text{";
    if (text.substr(inside, kText.size()) == kText) inside += kText.size();
    consider(at, inside);
  }
  return answer;
}

/// The whole response is one letter, perhaps after "Option", with brackets, markup and punctuation.
int lone_letter(std::string_view text) {
  const Letter letter = letter_at(text, skip_noun(text, 0));
  if (letter.answer == kUnparsed) return kUnparsed;
  const std::string_view rest = text.substr(letter.end);
  return rest.find_first_not_of(" \t\r\n)]}*_`\"'$.:,;!") == kNowhere ? letter.answer : kUnparsed;
}

/// A candidate after "not" says the opposite of its text.
bool is_negated(std::string_view text, std::size_t position) {
  const std::string before = lower_ascii(text.substr(0, position));
  const auto ends_with = [&](std::string_view ending) {
    return before.size() >= ending.size() &&
           before.compare(before.size() - ending.size(), ending.size(), ending) == 0;
  };
  return ends_with("not ") || ends_with("n't ");
}

int only_candidate(std::string_view response, const std::array<std::string, 2>& candidates) {
  std::string text(response);
  // The longer candidate first, and taken out: "red ball" must not also count as "ball".
  const std::size_t longer = candidates[0].size() >= candidates[1].size() ? 0 : 1;
  int found = kUnparsed;
  for (const std::size_t which : {longer, 1 - longer}) {
    const std::string wanted = lower_ascii(candidates[which]);
    if (wanted.find_first_not_of(" \t") == kNowhere) return kUnparsed;
    for (std::size_t at = find_word(text, wanted); at != kNowhere; at = find_word(text, wanted)) {
      if (is_negated(text, at)) return kUnparsed;
      if (found != kUnparsed && found != static_cast<int>(which)) return kUnparsed;
      found = static_cast<int>(which);
      text.replace(at, wanted.size(), "\n");
    }
  }
  return found;
}

}  // namespace

int parse_mvp_answer(std::string_view response) {
  int first = kUnparsed;
  for (std::size_t i = 0; i < response.size(); ++i) {
    const char c = lower(response[i]);
    if ((c != 'a' && c != 'b') || is_word_at(response, i + 1)) continue;
    const int answer = c == 'a' ? 0 : 1;
    if (first != kUnparsed) return answer;
    first = answer;
  }
  return first;
}

int parse_robust_answer(std::string_view response, const std::array<std::string, 2>& candidates) {
  const std::string text = without_thinking(response);
  int answer = last_declaration(text);
  if (answer == kUnparsed) answer = lone_letter(text);
  return answer == kUnparsed ? only_candidate(text, candidates) : answer;
}

int parse_possible_answer(std::string_view response) {
  for (const std::string_view word : {"impossible", "not possible", "cannot", "can't"}) {
    if (contains_word(response, word)) return 0;
  }
  return contains_word(response, "possible") ? 1 : kUnparsed;
}

int parse_yes_no_answer(std::string_view response) {
  return first_of_words(response, "yes", "no");
}

int parse_multiple_choice_answer(std::string_view response) {
  return first_of_words(response, "a", "b");
}

int parse_first_letter_answer(std::string_view response) {
  if (response.empty()) return kUnparsed;
  const char c = lower(response.front());
  return c == 'a' ? 0 : c == 'b' ? 1 : kUnparsed;
}

}  // namespace physprobe
