# Every third-party package, once. Each may come from any prefix: CMAKE_PREFIX_PATH, Torch_DIR, …

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)

# A LibTorch outside the system (<prefix>/share/cmake/Torch) looks its libraries up by name, and would take those of a
# system's LibTorch that is installed as well: headers of one, libraries of the other. Its own folder comes first.
if(Torch_DIR)
  get_filename_component(physprobe_torch_prefix "${Torch_DIR}/../../.." ABSOLUTE)
  list(PREPEND CMAKE_LIBRARY_PATH "${physprobe_torch_prefix}/lib")
endif()
find_package(Torch REQUIRED)
# Wheels of torch before 2.6 use the old C++ ABI; every other C++ library here has the new one, and mixing them ends in
# unresolved std::string symbols at link time. Said now, in words.
if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "This LibTorch (${Torch_DIR}) was built with the old C++ ABI (_GLIBCXX_USE_CXX11_ABI=0), the other C++ "
    "libraries with the new one. Use a torch of 2.6 or later, conda-forge's libtorch, or Debian's libtorch-dev (docs/cluster.md).")
endif()
if(NOT TARGET physprobe_torch)
  add_library(physprobe_torch INTERFACE IMPORTED)
  target_link_libraries(physprobe_torch INTERFACE ${TORCH_LIBRARIES})
  target_include_directories(physprobe_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
endif()

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
