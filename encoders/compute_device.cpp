#include "physprobe/encoders/compute_device.h"

#include "physprobe/core/error.h"

#include <ATen/ATen.h>

#include <exception>

namespace physprobe {

at::Device compute_device(const std::string& name, const std::string& subject) {
  at::Device device(at::kCPU);
  try {
    device = at::Device(name);
  } catch (const std::exception&) {
    throw Error(ErrorKind::kUsage, subject,
                "is '" + name + "'; expected cpu, cuda or cuda:<number>");
  }
  if (device.is_cpu()) return device;
  if (!device.is_cuda()) {
    throw Error(ErrorKind::kUsage, subject,
                "is '" + name + "'; expected cpu, cuda or cuda:<number>");
  }
  if (!at::hasCUDA()) {
    throw Error(ErrorKind::kUsage, subject,
                "is '" + name +
                    "', but this LibTorch was built without CUDA or finds no GPU; leave "
                    "it out, build against a LibTorch with CUDA, or serve the model by exec:");
  }
  const auto count = static_cast<int64_t>(at::getNumGPUs());
  if (device.has_index() && device.index() >= count) {
    throw Error(ErrorKind::kUsage, subject,
                "is '" + name + "', but this machine has " + std::to_string(count) + " GPU(s)");
  }
  return device;
}

}  // namespace physprobe
