#include "physprobe/memory/segment_image.h"

#include "physprobe/core/atomic_file.h"
#include "physprobe/core/error.h"
#include "physprobe/memory/hdf5_handles.h"
#include "physprobe/memory/segment_schema.h"
#include "physprobe/memory/segment_seal.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <numeric>

namespace physprobe {

namespace {

using segment_schema::dtype_code;
using segment_schema::kDtypes;

hid_t file_type(std::size_t code) {
  const std::array<hid_t, 4> types = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I64LE, H5T_STD_U8LE};
  return types.at(code);
}

int64_t element_count(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

/// Where every field of every record goes: sorted by (field name, dtype, record), so that one
/// field's values of equal shape lie side by side and a foreign reader can take them as one array.
struct Plan {
  std::vector<std::string> field_names;
  std::vector<int64_t> record, field, dtype, offset, rank, shape_offset, shapes;
  std::array<int64_t, 4> totals{};
  /// offsets[record][k]: offset of the record's k-th field.
  std::vector<std::vector<int64_t>> offsets;
};

Plan make_plan(const std::vector<RecordLayout>& layouts) {
  std::map<std::string, std::array<std::vector<std::pair<int64_t, std::size_t>>, 4>> by_name;
  Plan plan;
  for (std::size_t r = 0; r < layouts.size(); ++r) {
    const auto& fields = layouts[r].fields;
    plan.offsets.emplace_back(fields.size());
    for (std::size_t k = 0; k < fields.size(); ++k) {
      by_name[fields[k].name].at(dtype_code(fields[k].dtype)).emplace_back(r, k);
    }
  }
  for (const auto& [name, by_dtype] : by_name) {
    for (std::size_t code = 0; code < by_dtype.size(); ++code) {
      for (const auto& [r, k] : by_dtype[code]) {
        const auto& shape = layouts[static_cast<std::size_t>(r)].fields[k].shape;
        plan.record.push_back(r);
        plan.field.push_back(static_cast<int64_t>(plan.field_names.size()));
        plan.dtype.push_back(static_cast<int64_t>(code));
        plan.offset.push_back(plan.totals[code]);
        plan.rank.push_back(static_cast<int64_t>(shape.size()));
        plan.shape_offset.push_back(static_cast<int64_t>(plan.shapes.size()));
        plan.shapes.insert(plan.shapes.end(), shape.begin(), shape.end());
        plan.offsets[static_cast<std::size_t>(r)][k] = plan.totals[code];
        plan.totals[code] += element_count(shape);
      }
    }
    plan.field_names.push_back(name);
  }
  return plan;
}

/// Writes the parts of one open HDF5 file.
class ContentWriter {
 public:
  ContentWriter(const Hdf5Context& context, hid_t file) : context_(context), file_(file) {}

  void write(const std::vector<RecordLayout>& layouts, const RecordSource& source) {
    const Plan plan = make_plan(layouts);
    write_attributes(layouts.size());
    write_keys(layouts);
    write_texts(file_, "item_ids", layouts, &RecordLayout::item_id);
    write_texts(file_, "spaces", layouts, &RecordLayout::space);
    write_texts(file_, "metas", layouts, &RecordLayout::meta);
    write_strings(file_, "field_names", plan.field_names);
    {
      const Hdf5Group entries = create_group("entries");
      write_numbers(entries.get(), "record", plan.record);
      write_numbers(entries.get(), "field", plan.field);
      write_numbers(entries.get(), "dtype", plan.dtype);
      write_numbers(entries.get(), "offset", plan.offset);
      write_numbers(entries.get(), "rank", plan.rank);
      write_numbers(entries.get(), "shape_offset", plan.shape_offset);
      write_numbers(entries.get(), "shapes", plan.shapes);
    }
    write_values(plan, source);
  }

 private:
  Hdf5Group create_group(const char* name) const {
    const Hdf5Properties properties(
        context_.checked(H5Pcreate(H5P_GROUP_CREATE), "set up a group"));
    H5Pset_obj_track_times(properties.get(), false);
    return Hdf5Group(context_.checked(
        H5Gcreate2(file_, name, H5P_DEFAULT, properties.get(), H5P_DEFAULT), "create a group"));
  }

  Hdf5Dataset create_dataset(hid_t parent, const char* name, hid_t type, hsize_t count) const {
    const Hdf5Properties properties(
        context_.checked(H5Pcreate(H5P_DATASET_CREATE), "set up a dataset"));
    H5Pset_obj_track_times(properties.get(), false);  // equal rows give equal bytes
    // Everything is written anyway; HDF5 insists on filling variable strings.
    if (H5Tis_variable_str(type) <= 0) H5Pset_fill_time(properties.get(), H5D_FILL_TIME_NEVER);
    const Hdf5Dataspace space(
        context_.checked(H5Screate_simple(1, &count, nullptr), "set up a dataset"));
    return Hdf5Dataset(context_.checked(
        H5Dcreate2(parent, name, type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
        std::string("create the dataset ") + name));
  }

  void write_attribute(const char* name, hid_t type, const void* value) const {
    const Hdf5Dataspace scalar(context_.checked(H5Screate(H5S_SCALAR), "set up an attribute"));
    const Hdf5Attribute attribute(
        context_.checked(H5Acreate2(file_, name, type, scalar.get(), H5P_DEFAULT, H5P_DEFAULT),
                         "create an attribute"));
    context_.checked(H5Awrite(attribute.get(), type, value), "write an attribute");
  }

  void write_attributes(std::size_t row_count) const {
    const std::string magic = segment_schema::kMagic;
    const std::string dtypes = "float32,float64,int64,uint8";
    const auto text = [this](const char* name, const std::string& value) {
      const Hdf5Datatype type(context_.checked(H5Tcopy(H5T_C_S1), "make a string type"));
      H5Tset_size(type.get(), value.size());
      write_attribute(name, type.get(), value.data());
    };
    text("magic", magic);
    text("producer", "physprobe " PHYSPROBE_VERSION);
    text("dtype_names", dtypes);
    const int64_t schema = segment_schema::kSchema;
    const auto rows = static_cast<int64_t>(row_count);
    write_attribute("schema", H5T_NATIVE_INT64, &schema);
    write_attribute("rows", H5T_NATIVE_INT64, &rows);
  }

  void write_keys(const std::vector<RecordLayout>& layouts) const {
    const Hdf5Datatype type(context_.checked(H5Tcopy(H5T_C_S1), "make a string type"));
    H5Tset_size(type.get(), 64);
    H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
    std::string block;
    for (const RecordLayout& layout : layouts) block += layout.key;
    const Hdf5Dataset dataset = create_dataset(file_, "keys", type.get(), layouts.size());
    context_.checked(
        H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, block.data()),
        "write keys");
  }

  void write_pointers(hid_t parent, const char* name, const std::vector<const char*>& texts) const {
    const Hdf5Datatype type(context_.checked(H5Tcopy(H5T_C_S1), "make a string type"));
    H5Tset_size(type.get(), H5T_VARIABLE);
    H5Tset_cset(type.get(), H5T_CSET_UTF8);
    const Hdf5Dataset dataset = create_dataset(parent, name, type.get(), texts.size());
    if (texts.empty()) return;
    context_.checked(
        H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()),
        std::string("write ") + name);
  }

  void write_texts(hid_t parent,
                   const char* name,
                   const std::vector<RecordLayout>& layouts,
                   std::string RecordLayout::*member) const {
    std::vector<const char*> texts;
    for (const RecordLayout& layout : layouts) texts.push_back((layout.*member).c_str());
    write_pointers(parent, name, texts);
  }

  void write_strings(hid_t parent,
                     const char* name,
                     const std::vector<std::string>& strings) const {
    std::vector<const char*> texts;
    for (const std::string& text : strings) texts.push_back(text.c_str());
    write_pointers(parent, name, texts);
  }

  void write_numbers(hid_t parent, const char* name, const std::vector<int64_t>& numbers) const {
    const Hdf5Dataset dataset = create_dataset(parent, name, H5T_STD_I64LE, numbers.size());
    if (numbers.empty()) return;
    context_.checked(
        H5Dwrite(dataset.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()),
        std::string("write ") + name);
  }

  void write_values(const Plan& plan, const RecordSource& source) const {
    const Hdf5Group group = create_group("values");
    std::array<Hdf5Dataset, 4> datasets;
    for (std::size_t code = 0; code < kDtypes.size(); ++code) {
      datasets.at(code) = create_dataset(group.get(), kDtypes.at(code).name, file_type(code),
                                         static_cast<hsize_t>(plan.totals.at(code)));
    }
    for (std::size_t r = 0; r < plan.offsets.size(); ++r) {
      const StoreRecord record = source(static_cast<int64_t>(r));
      std::size_t k = 0;
      for (const auto& [name, value] : record.fields) {
        const at::Tensor tensor = value.cpu().contiguous();
        const std::size_t code = dtype_code(tensor.scalar_type());
        if (tensor.numel() > 0) {
          write_block(context_, datasets.at(code).get(), segment_schema::memory_type(code),
                      {static_cast<hsize_t>(plan.offsets[r].at(k))},
                      {static_cast<hsize_t>(tensor.numel())}, tensor.data_ptr());
        }
        ++k;
      }
    }
  }

  const Hdf5Context& context_;
  hid_t file_;
};

/// Upper bound of the content's size: values, texts and tables with what HDF5 adds to each.
uint64_t most_bytes(const std::vector<RecordLayout>& layouts) {
  constexpr std::size_t kPerFile = 1 << 16;
  constexpr std::size_t kPerRecord = 4 * 32;  // a reference and a heap entry for each text
  constexpr std::size_t kPerField = 8 * sizeof(int64_t);
  uint64_t bytes = kPerFile;
  for (const RecordLayout& layout : layouts) {
    bytes += kPerRecord + layout.key.size() + layout.item_id.size() + layout.space.size() +
             layout.meta.size();
    for (const FieldLayout& field : layout.fields) {
      bytes += kPerField + field.shape.size() * sizeof(int64_t) +
               static_cast<uint64_t>(element_count(field.shape)) * at::elementSize(field.dtype);
    }
  }
  return bytes + bytes / 50;
}

/// Creates the file with the given driver properties; checksummed metadata, no time stamps.
Hdf5File create_file(const Hdf5Context& context, const std::string& path, hid_t access) {
  // The oldest format: HDF5 1.10 hands out images of newer superblocks with a wrong checksum in
  // them. Readable by every HDF5; our own seal covers what the newer format's checksums would.
  H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18);
  const Hdf5Properties creation(context.checked(H5Pcreate(H5P_FILE_CREATE), "set up a file"));
  H5Pset_obj_track_times(creation.get(), false);
  return Hdf5File(
      context.checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access), "create it"));
}

}  // namespace

RecordLayout layout_of(const StoreRecord& record) {
  RecordLayout layout{record.key, record.item_id, record.space, record.meta, {}};
  for (const auto& [name, tensor] : record.fields) {
    stored_dtype_name(record.item_id + ", field '" + name + "'", tensor.scalar_type());
    layout.fields.push_back({name, tensor.scalar_type(), tensor.sizes().vec()});
  }
  return layout;
}

std::string make_segment_image(const std::string& subject,
                               const std::vector<RecordLayout>& layouts,
                               const RecordSource& source) {
  const Hdf5Session session;
  const Hdf5Context context{ErrorKind::kInternal, subject};
  const Hdf5Properties access(context.checked(H5Pcreate(H5P_FILE_ACCESS), "set up a file"));
  constexpr std::size_t kIncrement = 1 << 20;
  context.checked(H5Pset_fapl_core(access.get(), kIncrement, false), "set up a file in memory");
  Hdf5File file = create_file(context, subject, access.get());
  ContentWriter(context, file.get()).write(layouts, source);
  context.checked(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), "flush");
  const ssize_t size = context.checked(H5Fget_file_image(file.get(), nullptr, 0), "measure");
  std::string image(static_cast<std::size_t>(size), '\0');
  context.checked(H5Fget_file_image(file.get(), image.data(), image.size()), "copy the content");
  if (!file.reset()) throw_hdf5(context.kind, subject, "close");
  return image;
}

void write_segment_content(const std::string& path,
                           const std::string& subject,
                           const std::vector<RecordLayout>& layouts,
                           const RecordSource& source) {
  const Hdf5Session session;
  const Hdf5Context context{ErrorKind::kResource, subject};
  require_room(path, subject, most_bytes(layouts));
  const Hdf5Properties access(context.checked(H5Pcreate(H5P_FILE_ACCESS), "set up a file"));
  try {
    Hdf5File file = create_file(context, path, access.get());
    ContentWriter(context, file.get()).write(layouts, source);
    if (!file.reset()) throw_hdf5(context.kind, subject, "write the rest and close");
  } catch (const Error&) {
    silence_hdf5();
    throw;
  }
}

}  // namespace physprobe
