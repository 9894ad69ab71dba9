# Every third-party package, once. Each may come from any prefix: CMAKE_PREFIX_PATH, Torch_DIR, …

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)

find_package(Torch REQUIRED)
add_library(physprobe_torch INTERFACE)
target_link_libraries(physprobe_torch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(physprobe_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})

# The OpenMP build of OpenBLAS, chosen by RPATH instead of by the system's alternatives.
find_path(PHYSPROBE_OPENBLAS_OPENMP_DIR NAMES libopenblas.so.0
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp NO_DEFAULT_PATH)

find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs OPTIONAL_COMPONENTS videoio)
pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.9 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED)
find_package(faiss REQUIRED)
