#include "physprobe/eval/physics_iq/frame_resize.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace physprobe {

void resize_for_metrics(const uint8_t* image,
                        int64_t height,
                        int64_t width,
                        int channels,
                        uint8_t* out,
                        int64_t out_height,
                        int64_t out_width) {
  const int type = CV_MAKETYPE(CV_8U, channels);
  const cv::Mat in(static_cast<int>(height), static_cast<int>(width), type,
                   const_cast<uint8_t*>(image));
  cv::Mat result(static_cast<int>(out_height), static_cast<int>(out_width), type, out);
  cv::resize(in, result, result.size(), 0, 0, cv::INTER_LINEAR);
}

}  // namespace physprobe
