#include "physprobe/memory/hdf5_handles.h"

#include <atomic>
#include <cstring>

namespace physprobe {

namespace {

std::atomic<bool> is_silenced{false};

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

/// HDF5 describes a failed system call in lines of addresses and times; what matters is the reason.
std::string plain_description(const std::string& description) {
  const std::string mark = "error message = '";
  const std::size_t begin = description.find(mark);
  if (begin == std::string::npos) return description;
  const std::size_t end = description.find('\'', begin + mark.size());
  return description.substr(begin + mark.size(),
                            end == std::string::npos ? end : end - begin - mark.size());
}

/// H5Ewalk2 callback; walking upward the innermost description comes first.
herr_t keep_first_description(unsigned /*depth*/, const H5E_error2_t* entry, void* data) {
  auto* description = static_cast<std::string*>(data);
  if (description->empty() && entry->desc != nullptr) *description = entry->desc;
  return 0;
}

/// The dataspaces of one block, in the file and in memory.
struct BlockSpaces {
  BlockSpaces(const Hdf5Context& context,
              hid_t dataset,
              const std::vector<hsize_t>& start,
              const std::vector<hsize_t>& count)
      : file(context.checked(H5Dget_space(dataset), "read a shape")),
        memory(
            context.checked(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                            "select values")) {
    context.checked(H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, start.data(), nullptr,
                                        count.data(), nullptr),
                    "select values");
  }
  Hdf5Dataspace file;
  Hdf5Dataspace memory;
};

}  // namespace

Hdf5Session::Hdf5Session() : lock_(library_mutex()) {
  H5Eget_auto2(H5E_DEFAULT, &previous_function_, &previous_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Session::~Hdf5Session() {
  if (is_silenced) return;
  H5Eset_auto2(H5E_DEFAULT, previous_function_, previous_data_);
}

void silence_hdf5() {
  is_silenced = true;
}

void throw_hdf5(ErrorKind kind, const std::string& subject, const std::string& action) {
  std::string description;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first_description, &description);
  throw Error(
      kind, subject,
      "HDF5 cannot " + action + (description.empty() ? "" : ": " + plain_description(description)));
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

void read_block(const Hdf5Context& context,
                hid_t dataset,
                hid_t memory_type,
                const std::vector<hsize_t>& start,
                const std::vector<hsize_t>& count,
                void* out) {
  const BlockSpaces spaces(context, dataset, start, count);
  context.checked(
      H5Dread(dataset, memory_type, spaces.memory.get(), spaces.file.get(), H5P_DEFAULT, out),
      "read values");
}

void write_block(const Hdf5Context& context,
                 hid_t dataset,
                 hid_t memory_type,
                 const std::vector<hsize_t>& start,
                 const std::vector<hsize_t>& count,
                 const void* values) {
  const BlockSpaces spaces(context, dataset, start, count);
  context.checked(
      H5Dwrite(dataset, memory_type, spaces.memory.get(), spaces.file.get(), H5P_DEFAULT, values),
      "write values");
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
