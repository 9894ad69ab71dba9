#pragma once
// One loop compiled for several vector widths and chosen when the program starts. Only for
// element-wise loops: without reductions (and with -ffp-contract=off) every clone computes the same
// bits.

// Sanitizers start after the resolvers of such functions would run, so they get the plain loop.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PHYSPROBE_SIMD_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define PHYSPROBE_SIMD_CLONES
#endif
