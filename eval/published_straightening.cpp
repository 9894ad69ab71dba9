#include "physprobe/eval/published_straightening.h"

namespace physprobe {

const std::vector<PublishedSequence>& published_sequences() {
  using Kind = PublishedSequence::Kind;
  static const std::vector<PublishedSequence> list = {
      {"natural", "water", "water", Kind::kNatural, {42.094, 32.5875, 26.1614}},
      {"natural", "prairieTer", "prairieTer", Kind::kNatural, {97.4774, 88.4569, 79.5551}},
      {"natural", "boats", "boats", Kind::kNatural, {48.5338, 31.0922, 14.6704}},
      {"natural", "ice3", "ice3", Kind::kNatural, {72.5642, 46.6948, 32.286}},
      {"natural", "dogville", "dogville", Kind::kNatural, {91.5588, 85.6899, 49.2844}},
      {"natural", "egomotion", "egomotion", Kind::kNatural, {98.1797, 97.2609, 53.5593}},
      {"natural", "walking", "walking", Kind::kNatural, {87.3111, 98.2007, 79.2505}},
      {"natural", "smile", "smile", Kind::kNatural, {72.3545, 59.0375, 30.2097}},
      {"natural", "bees", "bees", Kind::kNatural, {104.8444, 108.5465, 103.9461}},
      {"natural", "leaves-wind", "leaves-wind", Kind::kNatural, {106.3201, 107.348, 91.7862}},
      {"natural", "carnegie-dam", "carnegie-dam", Kind::kNatural, {71.0396, 55.9335, 47.016}},
      {"natural", "chironomus", "chironomus", Kind::kNatural, {101.5645, 100.4889, 84.1719}},
      {"pixelfade", "water", "water", Kind::kFade, {0.0, 6.2371, 12.1527}},
      {"pixelfade", "prairieTer", "prairieTer", Kind::kFade, {0.123, 5.6238, 13.4299}},
      {"pixelfade", "boats", "boats", Kind::kFade, {0.0, 9.5397, 19.4511}},
      {"pixelfade", "ice3", "ice3", Kind::kFade, {0.0345, 11.7393, 18.7261}},
      {"pixelfade", "dogville", "dogville", Kind::kFade, {0.1176, 15.7564, 18.6852}},
      {"pixelfade", "egomotion", "egomotion", Kind::kFade, {0.0, 11.4257, 17.4329}},
      {"pixelfade", "walking", "walking", Kind::kFade, {0.0, 13.4938, 18.1469}},
      {"pixelfade", "smile", "smile", Kind::kFade, {0.0, 21.7263, 28.3343}},
      {"pixelfade", "bees", "bees", Kind::kFade, {0.0, 12.0126, 16.8667}},
      {"pixelfade", "leaves-wind", "leaves-wind", Kind::kFade, {0.0, 11.7508, 18.3306}},
      {"pixelfade", "carnegie-dam", "carnegie-dam", Kind::kFade, {0.0, 10.2139, 18.3223}},
      {"pixelfade", "chironomus", "chironomus", Kind::kFade, {0.1147, 11.6176, 17.2301}},
      {"contrast", "water-contrast0.5", "water", Kind::kContrastLinear, {0.0, 2.8923, 3.0077}},
      {"contrast",
       "prairieTer-contrastLog0.1",
       "prairieTer",
       Kind::kContrastLog,
       {0.0882, 4.1843, 4.0051}},
      {"contrast", "boats_contrastCocktail", "boats", Kind::kContrastLinear, {0.0, 4.5441, 5.3975}},
      {"contrast", "bees_contrastCocktail", "bees", Kind::kContrastLog, {0.0264, 6.9704, 5.7725}},
      {"contrast",
       "walking_contrastCocktail",
       "walking",
       Kind::kContrastLinear,
       {0.0819, 3.9715, 3.6692}},
      {"contrast",
       "egomotion_contrastCocktail",
       "egomotion",
       Kind::kContrastLog,
       {0.0281, 6.537, 5.1715}},
      {"contrast", "smile-contrastLog0.1", "smile", Kind::kContrastLog, {0.2851, 10.251, 10.7254}},
      {"contrast",
       "walking-contrast0.5",
       "walking",
       Kind::kContrastLinear,
       {0.0819, 3.9715, 3.6692}},
      {"contrast", "bees-contrast0.5", "bees", Kind::kContrastLinear, {0.0256, 3.4043, 2.8122}},
      {"contrast", "walking-contrastLog0.1", "walking", Kind::kContrastLog, {0.0, 7.4205, 6.3936}},
  };
  return list;
}

const std::vector<PublishedMean>& published_means() {
  static const std::vector<PublishedMean> list = {
      {"natural", {82.82017866770427, 75.94477272033691, 57.65808701515198}},
      {"pixelfade", {0.03248138974110285, 11.761432687441507, 18.0924068291982}},
      {"contrast", {0.061707659251987936, 5.4146997928619385, 5.06237907409668}},
  };
  return list;
}

}  // namespace physprobe
