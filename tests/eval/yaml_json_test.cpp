#include "physprobe/eval/yaml_json.h"

#include "physprobe/core/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace physprobe {
namespace {

TEST(YamlJson, TypesScalarsByTheCoreSchema) {
  const auto json = parse_yaml_as_json(
      "a: 3\nb: 2.5\nc: true\nd: text\ne: '3'\nf: ~\ng: 007\nh: -1e-3\ni: no\nj: .inf\n", "test");
  EXPECT_EQ(json["a"], 3);
  EXPECT_EQ(json["b"], 2.5);
  EXPECT_EQ(json["c"], true);
  EXPECT_EQ(json["d"], "text");
  EXPECT_EQ(json["e"], "3");
  EXPECT_TRUE(json["f"].is_null());
  EXPECT_EQ(json["g"], 7);
  EXPECT_EQ(json["h"], -1e-3);
  EXPECT_EQ(json["i"], "no") << "YAML 1.2: 'no' is text";
  EXPECT_EQ(json["j"], ".inf") << "infinity is no configuration value";
}

TEST(YamlJson, KeepsTheOrderOfKeys) {
  EXPECT_EQ(parse_yaml_as_json("z: 1\na: 2\n", "test").dump(), R"({"z":1,"a":2})");
}

TEST(YamlJson, RefusesAKeyGivenTwice) {
  try {
    parse_yaml_as_json("a: 1\nb: 2\na: 3\n", "suite.yaml");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("line 3"), std::string::npos) << error.what();
  }
}

TEST(YamlJson, BrokenYamlNamesTheLine) {
  try {
    parse_yaml_as_json("a: 1\nb: [1, 2\nc: 3\n", "suite.yaml");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_EQ(error.subject(), "suite.yaml");
    EXPECT_NE(std::string(error.what()).find("line"), std::string::npos);
  }
}

}  // namespace
}  // namespace physprobe
