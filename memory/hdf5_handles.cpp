#include "physprobe/memory/hdf5_handles.h"

#include <cstring>

namespace physprobe {

namespace {

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

/// H5Ewalk2 callback; walking upward the innermost description comes first.
herr_t keep_first_description(unsigned /*depth*/, const H5E_error2_t* entry, void* data) {
  auto* description = static_cast<std::string*>(data);
  if (description->empty() && entry->desc != nullptr) *description = entry->desc;
  return 0;
}

}  // namespace

Hdf5Session::Hdf5Session() : lock_(library_mutex()) {
  H5Eget_auto2(H5E_DEFAULT, &previous_function_, &previous_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Session::~Hdf5Session() {
  H5Eset_auto2(H5E_DEFAULT, previous_function_, previous_data_);
}

void throw_hdf5(ErrorKind kind, const std::string& subject, const std::string& action) {
  std::string description;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first_description, &description);
  throw Error(kind, subject,
              "HDF5 cannot " + action + (description.empty() ? "" : ": " + description));
}

std::vector<hsize_t> dataset_shape(const Hdf5Context& context, hid_t dataset) {
  const Hdf5Dataspace space(context.checked(H5Dget_space(dataset), "read a shape"));
  const int rank = context.checked(H5Sget_simple_extent_ndims(space.get()), "read a rank");
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  if (rank > 0) {
    context.checked(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr), "read a shape");
  }
  return shape;
}

std::vector<std::string> read_strings(const Hdf5Context& context, hid_t dataset) {
  const std::vector<hsize_t> shape = dataset_shape(context, dataset);
  const Hdf5Datatype type(context.checked(H5Dget_type(dataset), "read a type"));
  if (shape.size() != 1 || H5Tget_class(type.get()) != H5T_STRING) {
    throw Error(context.kind, context.subject, "expected a one-dimensional dataset of strings");
  }
  const auto count = static_cast<std::size_t>(shape[0]);
  std::vector<std::string> strings(count);
  if (count == 0) return strings;

  const Hdf5Datatype memory_type(context.checked(H5Tcopy(H5T_C_S1), "make a string type"));
  H5Tset_cset(memory_type.get(), H5Tget_cset(type.get()));
  if (H5Tis_variable_str(type.get()) > 0) {
    H5Tset_size(memory_type.get(), H5T_VARIABLE);
    std::vector<char*> pointers(count, nullptr);
    context.checked(
        H5Dread(dataset, memory_type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()),
        "read strings");
    for (std::size_t i = 0; i < count; ++i) {
      if (pointers[i] != nullptr) strings[i] = pointers[i];
    }
    const Hdf5Dataspace space(context.checked(H5Dget_space(dataset), "read a shape"));
    H5Dvlen_reclaim(memory_type.get(), space.get(), H5P_DEFAULT, pointers.data());
    return strings;
  }
  const std::size_t width = H5Tget_size(type.get());
  H5Tset_size(memory_type.get(), width);
  H5Tset_strpad(memory_type.get(), H5Tget_strpad(type.get()));
  std::string block(width * count, '\0');
  context.checked(H5Dread(dataset, memory_type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, block.data()),
                  "read strings");
  for (std::size_t i = 0; i < count; ++i) {
    strings[i].assign(block.data() + i * width, strnlen(block.data() + i * width, width));
  }
  return strings;
}

}  // namespace physprobe
