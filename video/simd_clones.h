#pragma once
// Compiles a function several times for wider vector units and picks one at run time. Only GCC on
// x86-64 does; elsewhere, and under sanitizers (whose runtime is not ready when the choice is
// made), it is compiled once. Internal to `video/`.

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PHYSPROBE_SIMD_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PHYSPROBE_SIMD_CLONES
#endif
