#include "physprobe/eval/host_facts.h"

#include "physprobe/encoders/vit_gemm.h"
#include "physprobe/encoders/vit_half.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <functional>
#include <sched.h>
#include <sstream>

namespace physprobe {
namespace {

using Json = nlohmann::ordered_json;

using AddFinding = std::function<void(
    DoctorFinding::Level, const char* topic, const std::string& text, const std::string& remedy)>;

/// Where `dtype` of a transformer gains, as far as the instructions say it; `parity --dtype`
/// measures it.
std::string dtype_advice(const std::string& simd_text) {
  std::string text = has_half_products()
                         ? "float16 gains (AVX512-FP16)"
                         : "float16 is refused (no AVX512-FP16, or a build without it)";
  if (simd_text.find("amx_bf16") != std::string::npos) {
    text += "; bfloat16 gains (AMX)";
  } else if (simd_text.find("avx512_bf16") != std::string::npos) {
    text +=
        "; bfloat16 has AVX512-BF16 without AMX: nothing to gain on Intel's processors, "
        "something on AMD's";
  } else {
    text += "; bfloat16 gains nothing (no products of it)";
  }
  return text + "; `physprobe parity --dtype` measures both";
}

/// The rest of the line of LibTorch's own description that starts with `key`.
std::string libtorch_line(const std::string& key) {
  std::istringstream text(at::show_config());
  for (std::string line; std::getline(text, line);) {
    const std::size_t at = line.find(key);
    if (at != std::string::npos) return line.substr(std::min(line.size(), at + key.size() + 1));
  }
  return "";
}

/// A function of a library that may be in the process, whichever target linked it.
template <typename Function>
Function loaded_symbol(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

std::string library_path(const char* symbol) {
  void* address = dlsym(RTLD_DEFAULT, symbol);
  Dl_info info{};
  if (address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "";
  return info.dli_fname;
}

/// Versions of the libraries that decide about numbers: asked of the library itself where it says,
/// else what the build found.
Json library_versions(const Json& of_system) {
  Json json{{"libtorch", PHYSPROBE_TORCH_VERSION}};
  json.update(of_system);
  json["faiss"] = PHYSPROBE_FAISS_VERSION;
  json["hdf5"] = "unknown";
  if (const auto hdf5 =
          loaded_symbol<int (*)(unsigned*, unsigned*, unsigned*)>("H5get_libversion")) {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned release = 0;
    if (hdf5(&major, &minor, &release) >= 0)
      json["hdf5"] = fmt::format("{}.{}.{}", major, minor, release);
  }
  return json;
}

/// Processors this process may use, and how many of them a container's quota pays for (0 = no
/// quota).
struct Processors {
  int allowed = 0;
  double quota = 0.0;
};

Processors processors() {
  Processors result;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) result.allowed = CPU_COUNT(&set);
  std::ifstream in("/sys/fs/cgroup/cpu.max");  // "max 100000" or "200000 100000"
  double quota = 0.0;
  double period = 0.0;
  if (in >> quota >> period && period > 0.0) result.quota = quota / period;
  return result;
}

Json blas() {
  Json json = Json::object();
  using Text = char* (*)();
  using Number = int (*)();
  if (const auto config = loaded_symbol<Text>("openblas_get_config")) {
    json["name"] = "OpenBLAS";
    json["build"] = config();
    if (const auto core = loaded_symbol<Text>("openblas_get_corename")) json["kernels"] = core();
    if (const auto parallel = loaded_symbol<Number>("openblas_get_parallel")) {
      static const char* const kinds[] = {"sequential", "pthread", "openmp"};
      const int kind = parallel();
      json["threading"] = kind >= 0 && kind <= 2 ? kinds[kind] : "unknown";
    }
    if (const auto threads = loaded_symbol<Number>("openblas_get_num_threads"))
      json["threads"] = threads();
  } else if (at::hasMKL()) {
    json["name"] = "MKL";
  } else {
    json["name"] = "unknown";
  }
  json["library"] = library_path("sgemm_");
  for (const char* name :
       {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}) {
    if (const char* value = std::getenv(name)) json["environment"][name] = value;
  }
  return json;
}

/// Too few threads leave processors idle, too many fight over a container's share.
void add_threads(const Json& facts, const AddFinding& add) {
  using Level = DoctorFinding::Level;
  const int threads = facts["threads"];
  const Processors cpus = processors();
  if (cpus.quota > 0.0 && threads > std::ceil(cpus.quota)) {
    add(Level::kSlow, "threads",
        fmt::format(
            "{} threads, but this container's quota is {:.1f} processors: they wait for one "
            "another",
            threads, cpus.quota),
        fmt::format("set OMP_NUM_THREADS={:.0f}, or raise the quota", std::ceil(cpus.quota)));
  } else if (threads < cpus.allowed) {
    add(Level::kSlow, "threads",
        fmt::format("{} of {} processors (OMP_NUM_THREADS)", threads, cpus.allowed),
        "unset OMP_NUM_THREADS or raise it; --threads has the last word");
  } else {
    add(Level::kOk, "threads",
        fmt::format("{} (OMP_NUM_THREADS, else the processors this process may use)", threads), "");
  }
}

}  // namespace

nlohmann::ordered_json host_facts() {
  Json json = system_facts();
  json["libraries"] = library_versions(json["libraries"]);
  json["libtorch_simd"] = libtorch_line("CPU capability usage:");
  json["blas"] = blas();
  json["transformer_products"] = product_library();
  json["libtorch_mkldnn"] = at::hasMKLDNN();
  json["cuda"] = at::hasCUDA();
  return json;
}

std::vector<DoctorFinding> doctor() {
  using Level = DoctorFinding::Level;
  const Json facts = host_facts();
  std::vector<DoctorFinding> findings;
  const auto add = [&](Level level, const char* topic, const std::string& text,
                       const std::string& remedy = "") {
    findings.push_back({level, topic, text, remedy});
  };
  std::string versions = "physprobe " + facts["physprobe"].get<std::string>();
  for (const auto& [library, number] : facts["libraries"].items())
    versions += ", " + library + " " + number.get<std::string>();
  add(Level::kOk, "versions", versions + ", " + facts["system"].get<std::string>());
  add(Level::kOk, "processor",
      fmt::format("{}; SIMD {}", facts["cpu"].get<std::string>(), facts["simd"].dump()));
  const Json& blas_facts = facts["blas"];
  const std::string name = blas_facts["name"];
  const std::string text =
      fmt::format("{} {} ({})", name, blas_facts.value("kernels", std::string()),
                  blas_facts.value("library", std::string()));
  const std::string threading = blas_facts.value("threading", std::string());
  if (name == "OpenBLAS" && threading == "pthread") {
    add(Level::kSlow, "BLAS",
        text +
            ": the pthread build fights LibTorch's OpenMP threads and runs encoders up to 2.5 "
            "times slower",
        "install libopenblas0-openmp and build again (scripts/setup.sh does both); the system's "
        "alternatives stay as they are");
  } else if (name == "OpenBLAS" && threading == "sequential") {
    add(Level::kSlow, "BLAS", text + ": a sequential build",
        "install libopenblas0-openmp and build again");
  } else if (name == "unknown") {
    add(Level::kProblem, "BLAS",
        "no OpenBLAS or MKL was found in the process; matrix products may be very slow",
        "install libopenblas0-openmp and build again");
  } else {
    add(Level::kOk, "BLAS", text + (threading.empty() ? "" : ", " + threading + " build"));
  }
  if (const char* pinned = std::getenv("OPENBLAS_CORETYPE")) {
    const bool has_avx512 = facts["simd"].dump().find("avx512f") != std::string::npos;
    const bool is_older = std::string(pinned) == "Haswell" || std::string(pinned) == "Nehalem" ||
                          std::string(pinned) == "Sandybridge";
    if (has_avx512 && is_older) {
      add(Level::kSlow, "kernels",
          fmt::format("OPENBLAS_CORETYPE pins the kernels to {}; this processor has AVX-512 and "
                      "fp32 products run at about half speed",
                      pinned),
          "unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE; results then differ in the last bits");
    } else {
      add(Level::kOk, "kernels", fmt::format("OPENBLAS_CORETYPE pins the kernels to {}", pinned));
    }
  }
  // OpenBLAS falls back to its oldest kernels on a processor younger than itself.
  const std::string kernels = blas_facts.value("kernels", std::string());
  const std::string simd_text = facts["simd"].dump();
  if ((kernels == "Prescott" || kernels == "Core2" || kernels == "Nehalem") &&
      simd_text.find("avx2") != std::string::npos) {
    add(Level::kSlow, "kernels",
        fmt::format("OpenBLAS does not know this processor and uses its {} kernels: fp32 products "
                    "run at a fraction of the speed",
                    kernels),
        fmt::format("set OPENBLAS_CORETYPE={} (results then differ in the last bits), or use a "
                    "newer OpenBLAS",
                    simd_text.find("avx512f") != std::string::npos ? "SkylakeX" : "Haswell"));
  }
  add(Level::kOk, "transformers",
      fmt::format("matrix products by {}", facts["transformer_products"].get<std::string>()));
  add(Level::kOk, "dtypes", dtype_advice(simd_text));
  add_threads(facts, add);
  const std::string decoders = facts["video_decoders"].dump();
  for (const char* codec : {"h264", "hevc", "av1", "mpeg4"}) {
    if (decoders.find(std::string("\"") + codec) == std::string::npos) {
      add(Level::kProblem, "codecs", fmt::format("no decoder for {}", codec),
          "install an FFmpeg that has it (Debian's libavcodec-extra)");
    }
  }
  add(Level::kOk, "codecs",
      fmt::format("reads {}; writes {}", decoders, facts["video_encoders"].dump()));
  add(Level::kOk, "devices",
      facts["cuda"].get<bool>() ? "this LibTorch has CUDA"
                                : "CPU only: this LibTorch was built without CUDA");
  return findings;
}

}  // namespace physprobe
