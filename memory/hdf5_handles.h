#pragma once
// HDF5 made safe to use from C++: handles that close themselves, one lock for the whole process
// (the serial library is not thread-safe), a silent error stack whose innermost message ends in our
// own Error. Internal.

#include "physprobe/core/error.h"

#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace physprobe {

/// While one lives, this thread may call HDF5: holds the process-wide lock (recursive) and keeps
/// the library from printing; the host program's error handler is restored at the end.
class Hdf5Session {
 public:
  Hdf5Session();
  ~Hdf5Session();
  Hdf5Session(const Hdf5Session&) = delete;
  Hdf5Session& operator=(const Hdf5Session&) = delete;

 private:
  std::unique_lock<std::recursive_mutex> lock_;
  H5E_auto2_t previous_function_ = nullptr;
  void* previous_data_ = nullptr;
};

/// Owns one HDF5 identifier; must be destroyed within an Hdf5Session.
template <herr_t (*Close)(hid_t)>
class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  explicit Hdf5Handle(hid_t id) : id_(id) {}
  ~Hdf5Handle() { reset(); }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, -1);
    }
    return *this;
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;

  hid_t get() const { return id_; }
  bool is_open() const { return id_ >= 0; }
  /// Closes now; false if HDF5 reported an error (data may be lost).
  bool reset() {
    const hid_t id = std::exchange(id_, -1);
    return id < 0 || Close(id) >= 0;
  }

 private:
  hid_t id_ = -1;
};

using Hdf5File = Hdf5Handle<H5Fclose>;
using Hdf5Group = Hdf5Handle<H5Gclose>;
using Hdf5Dataset = Hdf5Handle<H5Dclose>;
using Hdf5Dataspace = Hdf5Handle<H5Sclose>;
using Hdf5Datatype = Hdf5Handle<H5Tclose>;
using Hdf5Attribute = Hdf5Handle<H5Aclose>;
using Hdf5Properties = Hdf5Handle<H5Pclose>;

/// A file whose writing failed cannot be closed any more, and HDF5 would complain of it in several
/// lines at the process's end, on top of our own message: keeps it from printing for good.
void silence_hdf5();

/// Throws Error(kind, subject, "HDF5 cannot <action>: <innermost message>").
[[noreturn]] void throw_hdf5(ErrorKind kind, const std::string& subject, const std::string& action);

/// Where an error of HDF5 is reported, and as what.
struct Hdf5Context {
  ErrorKind kind;
  std::string subject;

  /// `id` itself, or throws when it is negative (HDF5's sign of failure).
  template <typename Id>
  Id checked(Id id, const std::string& action) const {
    if (id < 0) throw_hdf5(kind, subject, action);
    return id;
  }
};

/// Dimensions of a dataset ([] = scalar). Throws as `context` says.
std::vector<hsize_t> dataset_shape(const Hdf5Context& context, hid_t dataset);

/// Transfers the block at `start` of extent `count` (not empty) between a dataset and memory, where
/// it lies in C order.
void read_block(const Hdf5Context& context,
                hid_t dataset,
                hid_t memory_type,
                const std::vector<hsize_t>& start,
                const std::vector<hsize_t>& count,
                void* out);
void write_block(const Hdf5Context& context,
                 hid_t dataset,
                 hid_t memory_type,
                 const std::vector<hsize_t>& start,
                 const std::vector<hsize_t>& count,
                 const void* values);

/// A one-dimensional dataset of strings, fixed or variable.
std::vector<std::string> read_strings(const Hdf5Context& context, hid_t dataset);

}  // namespace physprobe
