#include "physprobe/encoders/v1_pyramid.h"

#include "physprobe/encoders/v1_kernels.h"

#include <ATen/ATen.h>

#include <functional>

namespace physprobe {
namespace {

const float* floats(const at::Tensor& complex_values) {
  return reinterpret_cast<const float*>(complex_values.data_ptr<c10::complex<float>>());
}

float* mutable_floats(const at::Tensor& complex_values) {
  return reinterpret_cast<float*>(complex_values.data_ptr<c10::complex<float>>());
}

at::Tensor empty_spectrum(int64_t height, int64_t width) {
  return at::empty({height, width}, at::kComplexFloat);
}

at::Tensor filtered(const at::Tensor& spectrum, const float* filter) {
  at::Tensor out = empty_spectrum(spectrum.size(0), spectrum.size(1));
  v1_kernels().apply_filter(floats(spectrum), filter, spectrum.numel(), mutable_floats(out));
  return out;
}

/// Keeps the bins of the grid of half the size; its Nyquist row and column stay zero, as L vanishes
/// there.
at::Tensor crop_to_half(const at::Tensor& spectrum) {
  const int64_t height = spectrum.size(0);
  const int64_t width = spectrum.size(1);
  const int64_t half_height = height / 2;
  const int64_t half_width = width / 2;
  at::Tensor out = at::zeros({half_height, half_width}, at::kComplexFloat);
  const auto* from = spectrum.data_ptr<c10::complex<float>>();
  auto* to = out.data_ptr<c10::complex<float>>();
  for (int64_t row = 0; row < half_height; ++row) {
    if (2 * row == half_height) continue;
    const int64_t source_row = 2 * row < half_height ? row : row + height - half_height;
    for (int64_t column = 0; column < half_width; ++column) {
      if (2 * column == half_width) continue;
      const int64_t source_column = 2 * column < half_width ? column : column + width - half_width;
      to[row * half_width + column] = from[source_row * width + source_column];
    }
  }
  return out;
}

using BandVisitor = std::function<void(int64_t scale, int64_t orientation, const at::Tensor& band)>;

/// Calls `visit` with every band (h, w) complex64, finest scale first; returns the lowpass spectrum
/// Z_N.
at::Tensor visit_bands(const at::Tensor& spectrum,
                       const PyramidFilters& filters,
                       const BandVisitor& visit) {
  at::Tensor current = filtered(spectrum, filters.lowpass.data());
  for (std::size_t scale = 0; scale < filters.levels.size(); ++scale) {
    const PyramidFilters::Level& level = filters.levels[scale];
    const int64_t area = level.height * level.width;
    for (int64_t k = 0; k < filters.orientations; ++k) {
      // Even and odd filters of a pair are real transforms of B and -i S B: one complex inverse
      // transform of (1 + S) B over the full plane gives both.
      visit(static_cast<int64_t>(scale), k,
            at::fft_ifft2(filtered(current, level.analytic.data() + k * area)));
    }
    current = crop_to_half(filtered(current, level.lowpass.data()));
  }
  return current;
}

}  // namespace

PyramidBands steerable_pyramid(const at::Tensor& image, const PyramidFilters& filters) {
  PyramidBands result;
  const at::Tensor spectrum = at::fft_fft2(image).contiguous();
  result.highpass =
      at::real(at::fft_ifft2(filtered(spectrum, filters.highpass.data()))).contiguous();
  for (const PyramidFilters::Level& level : filters.levels) {
    result.bands.push_back(
        at::empty({filters.orientations, level.height, level.width}, at::kComplexFloat));
  }
  const at::Tensor lowpass =
      visit_bands(spectrum, filters, [&](int64_t scale, int64_t k, const at::Tensor& band) {
        result.bands[static_cast<std::size_t>(scale)].select(0, k).copy_(band);
      });
  result.lowpass = at::real(at::fft_ifft2(lowpass)).contiguous();
  return result;
}

int64_t pyramid_energy_size(const PyramidFilters& filters) {
  int64_t size = 0;
  for (const PyramidFilters::Level& level : filters.levels) {
    size += filters.orientations * level.height * level.width;
  }
  return size;
}

void pyramid_energy(const at::Tensor& image, const PyramidFilters& filters, float* energy) {
  float* out = energy;
  visit_bands(at::fft_fft2(image).contiguous(), filters,
              [&](int64_t, int64_t, const at::Tensor& band) {
                v1_kernels().squared_modulus(floats(band.contiguous()), band.numel(), out);
                out += band.numel();
              });
}

}  // namespace physprobe
