#pragma once
// The groups of cases, one file each. Internal to the benchmarks.

#include "physprobe/benchmarks/benchmark.h"

#include <vector>

namespace physprobe {

using Results = std::vector<BenchmarkResult>;

/// What this machine's instructions allow in float32, bfloat16 and float16; GFLOP/s of 2048^3
/// single-precision products on one thread and on all, by every library of the process.
Results bench_gemm(int64_t repetitions);
/// DINOv2 ViT-S/14 with drawn weights, 224 x 224, batch 8, against the SGEMM peak at the same
/// thread count; in bfloat16 and float16 against itself in float32.
Results bench_encoder(int64_t repetitions);
/// The same for ViT-B/14 and ViT-L/14.
Results bench_large_encoders(int64_t repetitions);
/// Peak memory of loading and running a model against its weights; of attention over 12,545 tokens.
Results bench_encoder_memory();
/// Decoding, preprocessing and encoding a video as a run does, against the encoder alone.
Results bench_end_to_end(int64_t repetitions);
/// Surprise of one window of 16 frames at 224 and five contexts by V-JEPA ViT-L with drawn weights:
/// its arithmetic against targets encoded anew for every context, its speed against the SGEMM peak.
Results bench_surprise(int64_t repetitions);
/// Decoding to RGB against the `ffmpeg` program on the same file (CPU time); preprocessing to 224
/// against decoding.
Results bench_video(int64_t repetitions, bool with_decode, bool with_preprocess);
/// Exact search over 100,000 x 384 vectors against the matrix product it contains.
Results bench_search(int64_t repetitions);
/// Opening a store of 1,000 segments against reading the ends of its files.
Results bench_store(int64_t repetitions);
/// Reading manifests of 100,000 lines, CSV and JSON lines, against finding their lines.
Results bench_manifest(int64_t repetitions);
/// Accumulating a v1 trajectory against reading the same memory.
Results bench_trajectory(int64_t repetitions);
/// The v1 encoder, frames per second.
Results bench_v1(int64_t repetitions);

/// CPU time of `physprobe version` and `--help` against an empty program with the same libraries.
Results bench_start_up(int64_t repetitions);
/// Peak memory of a run over 1,000 small clips against one over 50.
Results bench_run_memory();
/// Rescoring full-size MVP logs against the grammar check of the same JSON; BCa intervals against
/// drawing their indices.
Results bench_minimal_pairs(int64_t repetitions);
/// CPU time of one Physics-IQ view of 16:9 pictures against decoding its three clips.
Results bench_physics_iq(int64_t height, int64_t repetitions);

/// Fails the benchmark of a wrong result.
void require_correct(bool holds, const char* name, const char* what);

/// value / limit against a target; `at_least` says in which direction.
BenchmarkResult with_target(BenchmarkResult result, double target, bool at_least);

/// The same with the ratio it already has, a median of paired ones.
BenchmarkResult against_target(BenchmarkResult result, double target, bool at_least);

}  // namespace physprobe
