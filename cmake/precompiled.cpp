// The object that CMake compiles the shared precompiled header for (physprobe_module.cmake).
