#include "physprobe/eval/system_facts.h"

#include "physprobe/core/parallel.h"
#include "physprobe/eval/version.h"
#include "physprobe/video/video_writer.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <gnu/libc-version.h>
#include <set>
#include <sstream>
#include <string>
#include <sys/utsname.h>
#include <unistd.h>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

/// First "key : value" of /proc/cpuinfo.
std::string cpu_field(const std::string& key) {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind(key, 0) != 0) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

Json simd() {
  std::istringstream flags(cpu_field("flags"));
  std::set<std::string> present;
  for (std::string flag; flags >> flag;) present.insert(flag);
  Json list = Json::array();
  for (const char* flag : {"sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw",
                           "avx512_bf16", "avx512_fp16", "amx_bf16"}) {
    if (present.count(flag) != 0) list.push_back(flag);
  }
  return list;
}

/// Asked of the library itself: the one that is loaded may not be the one of the build.
std::string ffmpeg_version() {
  const auto version = reinterpret_cast<const char* (*)()>(dlsym(RTLD_DEFAULT, "av_version_info"));
  return version == nullptr ? "unknown" : version();
}

}  // namespace

nlohmann::ordered_json system_facts() {
  utsname system{};
  uname(&system);
  Json json{{"physprobe", version()},
            {"libraries", {{"ffmpeg", ffmpeg_version()}, {"opencv", PHYSPROBE_OPENCV_VERSION}}},
            {"compiler", __VERSION__},
            {"glibc", gnu_get_libc_version()},
            {"system", std::string(system.sysname) + " " + system.release},
            {"cpu", cpu_field("model name")},
            {"simd", simd()},
            {"threads", default_thread_count()},
            {"memory_bytes", static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) *
                                 static_cast<int64_t>(sysconf(_SC_PAGESIZE))}};
  json["video_encoders"] = available_encoders();
  json["video_decoders"] = available_decoders();
  return json;
}

double peak_memory_mb() {
  // Not getrusage: its peak counts what a parent held before it started this program.
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtod(line.c_str() + 6, nullptr) * 1024.0 / 1e6;
  }
  return 0.0;
}

}  // namespace physprobe
