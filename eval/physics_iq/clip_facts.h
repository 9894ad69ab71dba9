#pragma once
// What a plan has to know of a clip before any work starts: its length, rate and shape. Internal to
// `eval/physics_iq/`.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace physprobe {

struct ClipFacts {
  int64_t frames = 0;
  double fps = 0.0;
  double aspect = 0.0;  ///< Width over height.
  bool is_readable = false;
};

/// Opens a file; what is wrong with it is added to `problems`.
ClipFacts clip_facts(const std::string& path, std::vector<std::string>& problems);

/// 29.97 counts as 30, 23.976 as 24.
bool is_same_rate(double a, double b);

/// Frames of the clip at `fps`: its own, or those of the official conversion, which takes five
/// seconds at most.
int64_t frames_offered(const ClipFacts& facts, double fps);

/// Clips of another shape than take 1, which are stretched before they are compared: one sentence
/// for each set of clips, because a model that generates another shape does so in every clip.
class AspectNotes {
 public:
  /// `set` names the clips (a run, "take 2"); an aspect of 0 is unknown.
  void add(const std::string& set, const std::string& path, double aspect, double of_take1);
  void append_to(std::vector<std::string>& warnings) const;

 private:
  struct Stretched {
    int64_t count = 0;
    std::string first;
  };
  std::map<std::string, Stretched> sets_;
};

}  // namespace physprobe
