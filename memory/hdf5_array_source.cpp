#include "physprobe/core/error.h"
#include "physprobe/memory/array_source.h"
#include "physprobe/memory/hdf5_handles.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace physprobe {

namespace {

#if H5_VERSION_GE(1, 12, 0)
using ObjectInfo = H5O_info2_t;
constexpr auto visit_objects = &H5Ovisit3;
#else
using ObjectInfo = H5O_info_t;
constexpr auto visit_objects = &H5Ovisit2;
#endif

herr_t collect_dataset(hid_t /*root*/, const char* name, const ObjectInfo* object, void* data) {
  if (object->type == H5O_TYPE_DATASET) {
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
  }
  return 0;
}

/// Names of all datasets, by hard links only: links into other files are not followed.
std::vector<std::string> list_datasets(const Hdf5Context& context, hid_t file) {
  std::vector<std::string> names;
  context.checked(
      visit_objects(file, H5_INDEX_NAME, H5_ITER_INC, collect_dataset, &names, H5O_INFO_BASIC),
      "list datasets");
  std::sort(names.begin(), names.end());
  return names;
}

/// A user's HDF5 file; every dataset is an array named by its path.
class Hdf5Arrays final : public ArraySource {
 public:
  explicit Hdf5Arrays(const std::string& path) : context_{ErrorKind::kInput, path} {
    const Hdf5Session session;
    file_ = Hdf5File(context_.checked(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT),
                                      "open it as an HDF5 file"));
    if (H5Aexists(file_.get(), "magic") > 0 && H5Lexists(file_.get(), "entries", H5P_DEFAULT) > 0) {
      throw Error(ErrorKind::kInput, path,
                  "is a store's file whose end is damaged or cut off; `verify` says more");
    }
    for (const std::string& name : list_datasets(context_, file_.get())) describe(name);
  }
  ~Hdf5Arrays() override {
    const Hdf5Session session;
    file_.reset();
  }
  Hdf5Arrays(const Hdf5Arrays&) = delete;
  Hdf5Arrays& operator=(const Hdf5Arrays&) = delete;

  at::Tensor read(const ArrayInfo& array) const override {
    return read_between(array, 0, array.shape.empty() ? 0 : array.shape[0]);
  }
  at::Tensor read_rows(const ArrayInfo& array, int64_t begin, int64_t end) const override {
    return read_between(array, begin, end);
  }
  std::vector<std::string> read_ids(const ArrayInfo& array) const override {
    const Hdf5Session session;
    if (array.kind == ArrayKind::kText) {
      return read_strings(context_, open_dataset(array.name).get());
    }
    return decimal_ids(read_between(array, 0, array.shape.at(0)));
  }

 private:
  Hdf5Dataset open_dataset(const std::string& name) const {
    return Hdf5Dataset(context_.checked(H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT),
                                        "open the dataset " + name));
  }

  void describe(const std::string& name) {
    const Hdf5Dataset dataset = open_dataset(name);
    const Hdf5Datatype type(context_.checked(H5Dget_type(dataset.get()), "read a type"));
    const Hdf5Properties creation(
        context_.checked(H5Dget_create_plist(dataset.get()), "read the layout of " + name));
    ArrayInfo info{name, ArrayKind::kOther, "a compound or opaque type", {}};
    for (const hsize_t size : dataset_shape(context_, dataset.get())) {
      if (size > static_cast<hsize_t>(std::numeric_limits<int64_t>::max())) {
        throw Error(ErrorKind::kInput, context_.subject, "has an impossible shape in " + name);
      }
      info.shape.push_back(static_cast<int64_t>(size));
    }
    const bool lies_elsewhere =
        H5Pget_layout(creation.get()) == H5D_VIRTUAL || H5Pget_external_count(creation.get()) > 0;
    const std::size_t bytes = H5Tget_size(type.get());
    switch (H5Tget_class(type.get())) {
      case H5T_FLOAT:
        info.dtype = "float of " + std::to_string(8 * bytes) + " bits";
        // HDF5 itself converts half precision; wider than double would lose digits silently.
        if (bytes <= sizeof(double)) info.kind = ArrayKind::kFloating;
        is_double_.push_back(bytes > sizeof(float));
        break;
      case H5T_INTEGER:
        info.dtype = "integer of " + std::to_string(8 * bytes) + " bits";
        info.kind = ArrayKind::kInteger;
        break;
      case H5T_STRING:
        info.dtype = "text";
        info.kind = ArrayKind::kText;
        break;
      default:
        break;
    }
    if (lies_elsewhere) {
      info.kind = ArrayKind::kDamaged;
      info.dtype = "is stored in other files, which are not followed; copy it into this one";
    }
    is_double_.resize(arrays().size() + 1, false);
    add(std::move(info));
  }

  at::Tensor read_between(const ArrayInfo& array, int64_t begin, int64_t end) const {
    const Hdf5Session session;
    const bool is_double = is_double_.at(array.index);
    at::ScalarType type = is_double ? at::kDouble : at::kFloat;
    hid_t memory_type = is_double ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT;
    if (array.kind == ArrayKind::kInteger) {
      type = at::kLong;
      memory_type = H5T_NATIVE_INT64;
    }
    std::vector<int64_t> shape = array.shape;
    shape.at(0) = end - begin;
    at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(type));
    if (tensor.numel() == 0) return tensor;
    const Hdf5Dataset dataset = open_dataset(array.name);
    std::vector<hsize_t> start(shape.size(), 0);
    start[0] = static_cast<hsize_t>(begin);
    const Hdf5Context context{context_.kind, context_.subject + ":" + array.name};
    read_block(context, dataset.get(), memory_type, start,
               std::vector<hsize_t>(shape.begin(), shape.end()), tensor.data_ptr());
    return tensor;
  }

  Hdf5Context context_;
  Hdf5File file_;
  std::vector<bool> is_double_;  ///< As arrays().
};

}  // namespace

std::unique_ptr<ArraySource> open_hdf5_arrays(const std::string& path) {
  return std::make_unique<Hdf5Arrays>(path);
}

}  // namespace physprobe
