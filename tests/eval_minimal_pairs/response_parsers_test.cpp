#include "physprobe/eval/minimal_pairs/response_parsers.h"

#include "physprobe/core/error.h"
#include "physprobe/core/json_lines.h"
#include "physprobe/core/rng.h"
#include "physprobe/eval/minimal_pairs/python_literal.h"

#include "support/golden.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

nlohmann::json golden_cases() {
  return read_json(testing::golden_path("minimal_pairs/parser_cases.json"));
}

TEST(ResponseParsers, MvpAndNaturalBenchMatchEveryGoldenCase) {
  const auto cases = golden_cases().at("mvp_and_naturalbench");
  ASSERT_GT(cases.size(), 50U);
  for (const auto& item : cases) {
    const std::string response = item.at("response");
    const int mvp =
        item.at("mvp").is_boolean() ? kUnparsed : std::stoi(item.at("mvp").get<std::string>());
    EXPECT_EQ(parse_mvp_answer(response), mvp) << response;
    EXPECT_EQ(parse_multiple_choice_answer(response),
              item.at("naturalbench_multiple_choice").get<int>())
        << response;
  }
}

TEST(ResponseParsers, PossibleImpossibleMatchesEveryGoldenCase) {
  for (const auto& item : golden_cases().at("intphys2_possible_impossible")) {
    const auto& label = item.at("label");
    const int expected = label.is_null() ? kUnparsed : label == "possible" ? 1 : 0;
    EXPECT_EQ(parse_possible_answer(item.at("response").get<std::string>()), expected) << item;
  }
  EXPECT_EQ(parse_possible_answer("It is not physically possible"), 1) << "the reference's quirk";
  EXPECT_EQ(parse_possible_answer("this can't be"), 0);
}

TEST(ResponseParsers, TheSpecificationsExamplesHold) {
  EXPECT_EQ(parse_mvp_answer("Answer: A/B"), 1);
  EXPECT_EQ(parse_mvp_answer("Answer: B. The hand picks up a pen"), 0);
  EXPECT_EQ(parse_mvp_answer("A ball hits it, so B."), 1);
  EXPECT_EQ(parse_mvp_answer("A ball hits a cube, so the answer is B."), 0);
  EXPECT_EQ(parse_mvp_answer("AB"), 1);
  EXPECT_EQ(parse_mvp_answer("1A"), 0);
  EXPECT_EQ(parse_mvp_answer("A1"), kUnparsed);
  EXPECT_EQ(parse_mvp_answer(""), kUnparsed);
  EXPECT_EQ(parse_mvp_answer("A\u662f"), kUnparsed) << "letters of any script continue a word";
}

TEST(ResponseParsers, YesNoAndFirstLetter) {
  EXPECT_EQ(parse_yes_no_answer("Yes, no doubt"), 1);
  EXPECT_EQ(parse_yes_no_answer("No. Yes would be wrong"), 0);
  EXPECT_EQ(parse_yes_no_answer("nothing"), kUnparsed);
  EXPECT_EQ(parse_first_letter_answer("b) the second"), 1);
  EXPECT_EQ(parse_first_letter_answer("The answer is A"), kUnparsed);
  EXPECT_EQ(parse_first_letter_answer(""), kUnparsed);
}

TEST(RobustParser, ReadsWhatTheResponseSays) {
  const std::array<std::string, 2> candidates = {"opened", "closed"};
  const auto parse = [&](const char* text) { return parse_robust_answer(text, candidates); };
  EXPECT_EQ(parse("A ball hits a cube, so the answer is B."), 1);
  EXPECT_EQ(parse("Answer: B. The hand picks up a pen"), 1);
  EXPECT_EQ(parse("<think>Answer: A? No.</think>Answer: B"), 1);
  EXPECT_EQ(parse("<think>it never ends, Answer: A"), kUnparsed);
  EXPECT_EQ(parse("leftover Answer: A</think> B"), 1);
  EXPECT_EQ(parse("Answer: A Answer: B Answer: A"), 0) << "the last declaration counts";
  EXPECT_EQ(parse("so \\boxed{B}"), 1);
  EXPECT_EQ(parse("\\boxed{\\text{A}}"), 0);
  EXPECT_EQ(parse("**Answer: A**"), 0);
  EXPECT_EQ(parse("**Answer:** A"), 0);
  EXPECT_EQ(parse("The correct option is (b)."), 1);
  EXPECT_EQ(parse("\u7b54\u6848\uff1aB"), kUnparsed) << "no declaration in a language it knows";
  EXPECT_EQ(parse("Answer\uff1aB"), 1);
  EXPECT_EQ(parse("(B)."), 1);
  EXPECT_EQ(parse("Option B"), 1);
  EXPECT_EQ(parse("$A$"), 0);
  EXPECT_EQ(parse("_B_"), 1);
  EXPECT_EQ(parse("It is closed."), 1);
  EXPECT_EQ(parse("It is opened, then closed."), kUnparsed);
  EXPECT_EQ(parse("It is not closed."), kUnparsed);
  EXPECT_EQ(parse("camera"), kUnparsed);
  EXPECT_EQ(parse("banana"), kUnparsed);
  EXPECT_EQ(parse("a"), kUnparsed) << "a lower-case letter counts in brackets only";
  EXPECT_EQ(parse("Answer: A/B"), kUnparsed);
  EXPECT_EQ(parse("A or B?"), kUnparsed);
  EXPECT_EQ(parse("Both A and B"), kUnparsed);
  EXPECT_EQ(parse(""), kUnparsed);
}

TEST(RobustParser, ALongerCandidateIsNotAlsoTheShorterOne) {
  const std::array<std::string, 2> candidates = {"ball", "red ball"};
  EXPECT_EQ(parse_robust_answer("the red ball", candidates), 1);
  EXPECT_EQ(parse_robust_answer("the ball", candidates), 0);
  EXPECT_EQ(parse_robust_answer("a red ball and a ball", candidates), kUnparsed);
  EXPECT_EQ(parse_robust_answer("impossible", {"possible", "impossible"}), 1);
  EXPECT_EQ(parse_robust_answer("the ball", {"", ""}), kUnparsed);
}

TEST(RobustParser, SurvivesAnyBytes) {
  Rng rng(5);
  const std::string alphabet = "AaBb()[]{}<>/think answer:is\\boxed{ \n_*\"'\xe6\x98\xaf\xff,or";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (uint64_t i = rng.below(40); i > 0; --i) text += alphabet[rng.below(alphabet.size())];
    const int robust = parse_robust_answer(text, {"opened", "closed"});
    const int strict = parse_mvp_answer(text);
    EXPECT_TRUE(robust >= kUnparsed && robust <= 1) << text;
    EXPECT_TRUE(strict >= kUnparsed && strict <= 1) << text;
  }
}

TEST(PythonLiteral, MatchesEveryGoldenCase) {
  for (const auto& item : golden_cases().at("candidate_literals")) {
    EXPECT_EQ(parse_python_strings(item.at("text").get<std::string>()),
              item.at("candidates").get<std::vector<std::string>>())
        << item;
  }
}

TEST(PythonLiteral, ReadsEscapesAndJoinsNeighbours) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(parse_python_strings("('a' \"b\", 'it\\'s')"), (Strings{"ab", "it's"}));
  EXPECT_EQ(parse_python_strings("['\\x41\\101\\U0001F600', '\\q\\\\']"),
            (Strings{"AA\U0001F600", "\\q\\"}));
  EXPECT_EQ(parse_python_strings("[]"), Strings{});
}

TEST(PythonLiteral, RefusesAnythingElse) {
  for (const char* text : {"", "x", "['a'", "['a' 1]", "['a']x", "[\"a]", "['\\u12']",
                           "['\\N{DASH}']", "['\\ud800']", "['a\nb']", "[1]"})
    EXPECT_THROW(parse_python_strings(text), Error) << text;
}

}  // namespace
}  // namespace physprobe
