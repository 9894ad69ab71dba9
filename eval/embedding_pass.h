#pragma once
// The one pass over a video that feeds every probe: decode, preprocess, encode, accumulate.
// Trajectories are never stored.

#include "physprobe/core/interrupt.h"
#include "physprobe/datasets/dataset.h"
#include "physprobe/encoders/encoder.h"
#include "physprobe/eval/suite.h"
#include "physprobe/memory/embedding_store.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace physprobe {

/// One encoder's work on every item.
struct EmbeddingJob {
  std::shared_ptr<const Encoder> encoder;
  std::vector<std::string> taps;  ///< "pixel" first when the pixel null is on.
  std::string encoder_id;         ///< The main encoder's id; the same for its untrained null.
  int64_t untrained_seed = -1;  ///< -1: the encoder itself; otherwise a null drawn with this seed.
  bool keep_tokens = false;     ///< Also store every tap's tokens ("<tap>/tokens").
};

/// Cache key of one item under one job: SHA-256 over everything that changes a value and nothing
/// else.
std::string cache_key(const Suite& suite,
                      const EmbeddingJob& job,
                      const DatasetItem& item,
                      const std::string& video_digest);

/// Name of the vector space of a job's retrieval vectors (encoder, weights, preprocessing,
/// sampling).
std::string space_name(const Suite& suite, const EmbeddingJob& job);

struct EmbeddingPassOptions {
  int threads = 0;
  int64_t chunk_frames = 8;     ///< Frames encoded at a time, and as many decoded ahead.
  std::string media_directory;  ///< Where strip and clip go; "" = none.
  std::string media_stem;       ///< File name without extension, relative to media_directory.
  bool is_interruptible =
      true;  ///< Throw `Interrupted` between frames or batches when a signal asked for a stop.
};

/// Runs all `jobs` over one item in one decode pass. Returns one record per job, in order;
/// `keys[i]` is job i's cache key. A record holds each tap's geometry (stored_geometry.h; the
/// fade's under "<tap>/fade_") and "retrieval" (float32, mean over samples of the retrieval tap's
/// pooled vector); its `meta` holds video facts, sampling, and per tap the geophys and
/// shuffled-null values. With no jobs only the media are written.
std::vector<StoreRecord> embed_item(const Suite& suite,
                                    const DatasetItem& item,
                                    const std::vector<EmbeddingJob>& jobs,
                                    const std::vector<std::string>& keys,
                                    const EmbeddingPassOptions& options);

}  // namespace physprobe
