#pragma once
// Surprise of one predictor on one video as a record of the store, keyed by everything that changes
// a number of it.

#include "physprobe/datasets/dataset.h"
#include "physprobe/eval/voe/surprise_jobs.h"
#include "physprobe/eval/voe/surprise_pass.h"
#include "physprobe/memory/embedding_store.h"

#include <string>

namespace physprobe {

/// SHA-256 over predictor, weights, preprocessing, windows, nulls, span and the video's bytes.
std::string surprise_key(const SurpriseJob& job,
                         const DatasetItem& item,
                         const VideoOptions& video,
                         const std::string& video_digest);

/// What numbers of a job are comparable with: predictor, weights, preprocessing, windows.
std::string surprise_space(const SurpriseJob& job);

StoreRecord surprise_record(const std::string& key,
                            const std::string& item_id,
                            const std::string& space,
                            const VideoSurprise& video,
                            const SurpriseVideoFacts& facts);

struct StoredSurprise {
  VideoSurprise video;
  SurpriseVideoFacts facts;
};
StoredSurprise read_surprise_record(const StoreRecord& record);

/// Curves of any lengths as (rows, longest) float64, NaN at the ends; and back.
at::Tensor curves_tensor(const SurpriseCurves& curves);
SurpriseCurves curves_of_tensor(const at::Tensor& tensor);

}  // namespace physprobe
