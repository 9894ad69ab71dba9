#include "physprobe/eval/host_facts.h"

#include "physprobe/core/parallel.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <sched.h>

namespace physprobe {
namespace {

/// One environment variable, put back at the end.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    had_ = std::getenv(name) != nullptr;
    setenv(name, value, 1);
  }
  ~Variable() {
    if (had_) {
      setenv(name_, old_.c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

const DoctorFinding* find(const std::vector<DoctorFinding>& findings, const std::string& topic) {
  for (const DoctorFinding& finding : findings) {
    if (finding.topic == topic) return &finding;
  }
  return nullptr;
}

TEST(HostFacts, NameEveryLibraryWithItsVersion) {
  const auto facts = host_facts();
  for (const char* library : {"libtorch", "ffmpeg", "opencv", "faiss", "hdf5"}) {
    const std::string version = facts["libraries"].value(library, std::string());
    EXPECT_NE(version.find_first_of("0123456789"), std::string::npos) << library << ": " << version;
  }
  EXPECT_GT(facts["memory_bytes"].get<int64_t>(), 0);
  EXPECT_EQ(facts["threads"], default_thread_count());
}

TEST(Doctor, SpeaksOfEveryTopicAndGivesARemedyForWhatIsNotWell) {
  const auto findings = doctor();
  for (const char* topic : {"versions", "processor", "BLAS", "threads", "codecs", "devices"})
    EXPECT_NE(find(findings, topic), nullptr) << topic;
  for (const DoctorFinding& finding : findings) {
    EXPECT_EQ(finding.level == DoctorFinding::Level::kOk, finding.remedy.empty())
        << finding.topic << ": " << finding.text;
  }
}

TEST(Doctor, SaysWhenFewerThreadsAreInForceThanThereAreProcessors) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  if (CPU_COUNT(&allowed) < 2) GTEST_SKIP() << "one processor cannot be left idle";
  const Variable one("OMP_NUM_THREADS", "1");
  const auto findings = doctor();
  const DoctorFinding* threads = find(findings, "threads");
  ASSERT_NE(threads, nullptr);
  EXPECT_EQ(threads->level, DoctorFinding::Level::kSlow);
  EXPECT_NE(threads->remedy.find("OMP_NUM_THREADS"), std::string::npos) << threads->remedy;
}

TEST(Doctor, NamesKernelsThatAreOlderThanTheProcessor) {
  const Variable pinned("OPENBLAS_CORETYPE", "Haswell");
  const auto facts = host_facts();
  const auto findings = doctor();
  const DoctorFinding* kernels = find(findings, "kernels");
  ASSERT_NE(kernels, nullptr);
  const bool has_avx512 = facts["simd"].dump().find("avx512f") != std::string::npos;
  EXPECT_EQ(kernels->level == DoctorFinding::Level::kSlow, has_avx512) << kernels->text;
  EXPECT_NE(kernels->text.find("Haswell"), std::string::npos);
}

}  // namespace
}  // namespace physprobe
