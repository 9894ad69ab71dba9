# find_package(physprobe): an installed configuration that finds the same third-party packages again.
include(CMakePackageConfigHelpers)
set(physprobe_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/physprobe")
configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/physprobe-config.cmake.in"
  "${CMAKE_BINARY_DIR}/physprobe-config.cmake" INSTALL_DESTINATION ${physprobe_config_dir})
write_basic_package_version_file("${CMAKE_BINARY_DIR}/physprobe-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/physprobe-config.cmake" "${CMAKE_BINARY_DIR}/physprobe-config-version.cmake"
  "${CMAKE_SOURCE_DIR}/cmake/physprobe_dependencies.cmake" DESTINATION ${physprobe_config_dir})
install(EXPORT physprobe-targets NAMESPACE physprobe:: DESTINATION ${physprobe_config_dir})
install(FILES "${CMAKE_SOURCE_DIR}/python/physprobe.py" DESTINATION "${CMAKE_INSTALL_DATADIR}/physprobe/python")
