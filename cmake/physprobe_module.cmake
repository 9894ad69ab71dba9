# Uniform targets: one folder = one static library `physprobe_<folder>`, exported as `physprobe::<folder>`. What of a folder
# knows no LibTorch is a library `physprobe_<folder>_base` below it, so that a program can do without (docs/architecture.md).

set(PHYSPROBE_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
# GCC 13 and 14 take a reference into one argument for a reference to another, temporary one (a std::string made from a
# literal): every look-up by name would be refused.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  list(APPEND PHYSPROBE_WARNINGS -Wno-dangling-reference)
endif()
# A class defined in one source may have members of types that only this source knows; compiled together with others
# (the release preset), gcc takes the source for a header and warns.
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND PHYSPROBE_WARNINGS -Wno-subobject-linkage)
endif()
if(PHYSPROBE_WERROR)
  list(APPEND PHYSPROBE_WARNINGS -Werror)
endif()

if(PHYSPROBE_CCACHE)
  find_program(PHYSPROBE_CCACHE_PROGRAM ccache)
  if(PHYSPROBE_CCACHE_PROGRAM)
    # Precompiled headers need this sloppiness, or ccache never finds anything; with paths relative to the checkout a
    # second clone is served too.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${PHYSPROBE_CCACHE_PROGRAM})
  endif()
endif()

if(PHYSPROBE_SANITIZE)
  if("thread" IN_LIST PHYSPROBE_SANITIZE AND "address" IN_LIST PHYSPROBE_SANITIZE)
    message(FATAL_ERROR "PHYSPROBE_SANITIZE: 'thread' and 'address' cannot be combined; choose one")
  endif()
  list(JOIN PHYSPROBE_SANITIZE "," _sanitizers)
  add_compile_options(-fsanitize=${_sanitizers} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${_sanitizers})
endif()

if(PHYSPROBE_CLANG_TIDY)
  find_program(PHYSPROBE_CLANG_TIDY_PROGRAM NAMES clang-tidy clang-tidy-14 REQUIRED)
endif()

# Headers are included as physprobe/<folder>/<file>.h both in the tree and installed: one link per folder.
set(PHYSPROBE_INCLUDE_DIR "${CMAKE_BINARY_DIR}/include")
file(MAKE_DIRECTORY "${PHYSPROBE_INCLUDE_DIR}/physprobe")
foreach(_folder core video encoders memory datasets probes eval report benchmarks cli)
  if(EXISTS "${CMAKE_SOURCE_DIR}/${_folder}" AND
     NOT EXISTS "${PHYSPROBE_INCLUDE_DIR}/physprobe/${_folder}")
    file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${_folder}"
         "${PHYSPROBE_INCLUDE_DIR}/physprobe/${_folder}" SYMBOLIC)
  endif()
endforeach()

# Flags that every target of ours shares (also tests and benchmarks).
function(physprobe_target_defaults target)
  target_compile_options(${target} PRIVATE ${PHYSPROBE_WARNINGS})
  # One rounding per operation whatever the CPU: results do not depend on whether FMA exists.
  target_compile_options(${target} PRIVATE -ffp-contract=off)
  # The same for all, so that they can share precompiled headers; threads stand in core/parallel.cpp only.
  target_compile_options(${target} PRIVATE ${OpenMP_CXX_FLAGS})
  target_compile_features(${target} PUBLIC cxx_std_17)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(PHYSPROBE_CLANG_TIDY)
    # The precompiled header is gcc's; clang-tidy reads the plain headers instead.
    set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON
      CXX_CLANG_TIDY "${PHYSPROBE_CLANG_TIDY_PROGRAM};--quiet")
  endif()
endfunction()

# Executables find the OpenMP build of OpenBLAS first (docs/performance.md): DT_RPATH, not RUNPATH,
# because only the former also covers the libraries' own dependencies.
function(physprobe_executable_defaults target)
  physprobe_target_defaults(${target})
  if(PHYSPROBE_OPENBLAS_OPENMP_DIR)
    target_link_options(${target} PRIVATE
      "-Wl,--disable-new-dtags,-rpath,${PHYSPROBE_OPENBLAS_OPENMP_DIR}"
      # The linker follows the rpath to that folder's liblapack but not to its OpenBLAS (Debian 13); the loader finds both.
      -Wl,--allow-shlib-undefined)
  endif()
endfunction()

# Three precompiled headers for all libraries: ATen/ATen.h takes 10 s of a compiler's time, and even precompiled it takes
# half a second a file. Folders that compute with tensors use `tensors`; the others see the type only, and include the
# few operators they call (ATen/ops/...); libraries without LibTorch use `base`.
function(physprobe_precompiled_header name)
  add_library(physprobe_precompiled_${name} OBJECT "${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp")
  physprobe_target_defaults(physprobe_precompiled_${name})
  target_link_libraries(physprobe_precompiled_${name} PRIVATE nlohmann_json::nlohmann_json fmt::fmt)
  if(NOT name STREQUAL "base")
    target_link_libraries(physprobe_precompiled_${name} PRIVATE physprobe_torch)
  endif()
  target_precompile_headers(physprobe_precompiled_${name} PRIVATE ${ARGN} <nlohmann/json.hpp> <fmt/format.h>)
endfunction()
physprobe_precompiled_header(base)
physprobe_precompiled_header(plain <ATen/core/Tensor.h>)
physprobe_precompiled_header(tensors <ATen/ATen.h>)

# For folders of many small sources that read and write documents: every unit of the release preset instantiates the same
# templates of JSON and of options, so that larger units take a fifth less time. `light` optimisation takes another
# quarter; for folders that compute nothing and have a precompiled header of their own (GCC 14 refuses one that was
# optimised otherwise).
function(physprobe_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 8)
  if("light" IN_LIST ARGN)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# physprobe_library(core SOURCES a.cpp … PUBLIC_HEADERS a.h … PUBLIC deps… PRIVATE deps… [TENSORS | NO_TORCH | BASE])
# NO_TORCH: must not know LibTorch. BASE: the same, and the library is the part physprobe_core_base of its folder.
function(physprobe_library folder)
  cmake_parse_arguments(ARG "TENSORS;NO_TORCH;BASE" "" "SOURCES;PUBLIC_HEADERS;PUBLIC;PRIVATE" ${ARGN})
  set(name ${folder})
  if(ARG_BASE)
    set(name ${folder}_base)
  endif()
  set(target physprobe_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(physprobe::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  physprobe_target_defaults(${target})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PHYSPROBE_INCLUDE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(ARG_BASE OR ARG_NO_TORCH)
    target_precompile_headers(${target} REUSE_FROM physprobe_precompiled_base)
  elseif(ARG_TENSORS)
    target_precompile_headers(${target} REUSE_FROM physprobe_precompiled_tensors)
  else()
    target_precompile_headers(${target} REUSE_FROM physprobe_precompiled_plain)
  endif()
  set_property(GLOBAL APPEND PROPERTY PHYSPROBE_INSTALL_TARGETS ${target})
  foreach(header IN LISTS ARG_PUBLIC_HEADERS)
    get_filename_component(subdir "${header}" DIRECTORY)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/physprobe/${folder}/${subdir})
    set_property(GLOBAL APPEND PROPERTY PHYSPROBE_PUBLIC_HEADERS physprobe/${folder}/${header})
    if(ARG_BASE OR ARG_NO_TORCH)
      set_property(GLOBAL APPEND PROPERTY PHYSPROBE_BASE_HEADERS physprobe/${folder}/${header})
    endif()
  endforeach()
  install(TARGETS ${target} EXPORT physprobe-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()
