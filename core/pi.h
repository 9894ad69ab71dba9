#pragma once

namespace physprobe {

inline constexpr double kPi = 3.14159265358979323846;  // std::numbers::pi is C++20

}  // namespace physprobe
