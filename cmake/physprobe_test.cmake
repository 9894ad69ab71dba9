include(GoogleTest)
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)

# A precompiled header is valid for one kind of position-independent code; CMake would choose another for executables.
function(physprobe_shareable_precompiled_header target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()

# What the tests do is in the libraries: optimising the tests themselves would be a third of their compiler time.
function(physprobe_test_options target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
  # Half the units of the release preset are tests: a few together, or what they have in common takes most of the time.
  # Names of fixtures and helpers are unique within a folder.
  set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 4)
  physprobe_shareable_precompiled_header(${target})
endfunction()

# The only object that knows where the checkout lies (tests/support/source_dir.h).
add_library(physprobe_test_support STATIC "${CMAKE_SOURCE_DIR}/tests/support/source_dir.cpp")
physprobe_target_defaults(physprobe_test_support)
target_include_directories(physprobe_test_support PRIVATE "${CMAKE_SOURCE_DIR}/tests")
set_source_files_properties("${CMAKE_SOURCE_DIR}/tests/support/source_dir.cpp" PROPERTIES
  COMPILE_DEFINITIONS PHYSPROBE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")

# The precompiled headers of all tests, as those of the libraries (physprobe_module.cmake).
function(physprobe_test_precompiled_header name)
  add_library(physprobe_test_precompiled_${name} OBJECT "${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp")
  physprobe_target_defaults(physprobe_test_precompiled_${name})
  physprobe_test_options(physprobe_test_precompiled_${name})
  target_link_libraries(physprobe_test_precompiled_${name}
    PRIVATE physprobe_torch nlohmann_json::nlohmann_json GTest::gtest)
  target_precompile_headers(physprobe_test_precompiled_${name} PRIVATE ${ARGN} <gtest/gtest.h> <nlohmann/json.hpp>)
endfunction()
physprobe_test_precompiled_header(plain <ATen/core/Tensor.h>)
physprobe_test_precompiled_header(tensors <ATen/ATen.h>)

# physprobe_test(core_tests SOURCES … LINK … [LABELS …] [TENSORS]): one binary, one ctest entry (loading LibTorch
# costs half a second a process). Tests whose suite name ends in `Slow` run in a second entry labelled slow.
function(physprobe_test name)
  cmake_parse_arguments(ARG "TENSORS" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  set(target physprobe_${name})
  add_executable(${target} ${ARG_SOURCES})
  physprobe_executable_defaults(${target})
  target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${ARG_LINK} physprobe_test_support GTest::gtest GTest::gmock GTest::gtest_main)
  if(ARG_TENSORS)
    target_precompile_headers(${target} REUSE_FROM physprobe_test_precompiled_tensors)
  else()
    target_precompile_headers(${target} REUSE_FROM physprobe_test_precompiled_plain)
  endif()
  physprobe_test_options(${target})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${target} --gtest_filter=-*Slow.*)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  add_test(NAME ${name}_slow COMMAND ${target} --gtest_filter=*Slow.*)
  set_tests_properties(${name}_slow PROPERTIES LABELS slow TIMEOUT 1200)
  # Many small parallel regions on seven threads: idle ones that spin instead of sleeping took most of the tests' time.
  set_tests_properties(${name} ${name}_slow PROPERTIES ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
