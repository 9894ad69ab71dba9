#include "physprobe/memory/segment_file.h"

#include "physprobe/core/error.h"
#include "physprobe/memory/segment_schema.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

namespace physprobe {

namespace {

using segment_schema::kDtypes;

[[noreturn]] void throw_inconsistent(const Hdf5Context& context, const std::string& what) {
  throw Error(ErrorKind::kInput, context.subject, "is not a consistent segment: " + what);
}

int64_t read_integer_attribute(const Hdf5Context& context, hid_t file, const char* name) {
  const Hdf5Attribute attribute(
      context.checked(H5Aopen(file, name, H5P_DEFAULT), std::string("find the attribute ") + name));
  int64_t value = 0;
  context.checked(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), "read an attribute");
  return value;
}

}  // namespace

SegmentFile::SegmentFile(const std::string& path) : context_{ErrorKind::kInput, path} {
  const Hdf5Session session;
  const Hdf5Properties access(context_.checked(H5Pcreate(H5P_FILE_ACCESS), "set up a file"));
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  file_ =
      Hdf5File(context_.checked(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), "open it"));
  const int64_t schema = read_integer_attribute(context_, file_.get(), "schema");
  if (schema != segment_schema::kSchema) {
    throw Error(ErrorKind::kIncompatible, path,
                fmt::format("has segment schema {}, this version reads {}", schema,
                            segment_schema::kSchema));
  }
  read_tables();
}

SegmentFile::~SegmentFile() {
  const Hdf5Session session;
  for (Hdf5Dataset& dataset : values_) dataset.reset();
  file_.reset();
}

std::vector<int64_t> SegmentFile::read_numbers(const char* name) const {
  const Hdf5Dataset dataset(context_.checked(H5Dopen2(file_.get(), name, H5P_DEFAULT),
                                             std::string("open the dataset ") + name));
  const std::vector<hsize_t> shape = dataset_shape(context_, dataset.get());
  if (shape.size() != 1) throw_inconsistent(context_, std::string(name) + " is not a list");
  std::vector<int64_t> numbers(static_cast<std::size_t>(shape[0]));
  if (!numbers.empty()) {
    context_.checked(
        H5Dread(dataset.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()),
        std::string("read ") + name);
  }
  return numbers;
}

std::vector<std::string> SegmentFile::read_texts(const char* name) const {
  const Hdf5Dataset dataset(context_.checked(H5Dopen2(file_.get(), name, H5P_DEFAULT),
                                             std::string("open the dataset ") + name));
  return read_strings(context_, dataset.get());
}

void SegmentFile::read_tables() {
  const auto keys = read_texts("keys");
  const auto item_ids = read_texts("item_ids");
  const auto spaces = read_texts("spaces");
  const auto metas = read_texts("metas");
  const auto names = read_texts("field_names");
  const auto record = read_numbers("entries/record");
  const auto field = read_numbers("entries/field");
  const auto dtype = read_numbers("entries/dtype");
  const auto offset = read_numbers("entries/offset");
  const auto rank = read_numbers("entries/rank");
  const auto shape_offset = read_numbers("entries/shape_offset");
  const auto shapes = read_numbers("entries/shapes");
  if (item_ids.size() != keys.size() || spaces.size() != keys.size() ||
      metas.size() != keys.size() || field.size() != record.size() ||
      dtype.size() != record.size() || offset.size() != record.size() ||
      rank.size() != record.size() || shape_offset.size() != record.size()) {
    throw_inconsistent(context_, "its tables have different lengths");
  }
  for (std::size_t code = 0; code < kDtypes.size(); ++code) {
    const std::string name = std::string("values/") + kDtypes.at(code).name;
    values_.at(code) = Hdf5Dataset(context_.checked(
        H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT), "open the dataset " + name));
    const std::vector<hsize_t> shape = dataset_shape(context_, values_.at(code).get());
    if (shape.size() != 1) throw_inconsistent(context_, name + " is not a list");
    value_counts_.at(code) = static_cast<int64_t>(shape[0]);
  }

  const auto within = [](int64_t value, std::size_t count) {
    return value >= 0 && static_cast<std::size_t>(value) < count;
  };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    layouts_.push_back({keys[i], item_ids[i], spaces[i], metas[i], {}});
  }
  offsets_.resize(keys.size());
  for (std::size_t e = 0; e < record.size(); ++e) {
    if (!within(record[e], keys.size()) || !within(field[e], names.size()) ||
        !within(dtype[e], kDtypes.size()) || rank[e] < 0 || shape_offset[e] < 0 ||
        rank[e] > static_cast<int64_t>(shapes.size()) - shape_offset[e]) {
      throw_inconsistent(context_, fmt::format("entry {} points outside its tables", e));
    }
    const auto begin = shapes.begin() + shape_offset[e];
    FieldLayout layout{names[static_cast<std::size_t>(field[e])],
                       kDtypes.at(static_cast<std::size_t>(dtype[e])).type,
                       {begin, begin + rank[e]}};
    int64_t count = 1;
    const int64_t limit = value_counts_.at(static_cast<std::size_t>(dtype[e]));
    for (const int64_t size : layout.shape) {
      if (size < 0 || (size > 0 && count > limit / size)) {
        throw_inconsistent(context_, "the shape of '" + layout.name + "' exceeds the values");
      }
      count *= size;
    }
    if (offset[e] < 0 || offset[e] > limit - count) {
      throw_inconsistent(context_, "'" + layout.name + "' lies outside the values");
    }
    const auto row = static_cast<std::size_t>(record[e]);
    layouts_[row].fields.push_back(std::move(layout));
    offsets_[row].push_back(offset[e]);
  }
}

at::Tensor SegmentFile::read_values(const FieldLayout& field, int64_t offset) const {
  const std::size_t code = segment_schema::dtype_code(field.dtype);
  at::Tensor tensor = at::empty(field.shape, at::TensorOptions().dtype(field.dtype));
  if (tensor.numel() == 0) return tensor;
  read_block(context_, values_.at(code).get(), segment_schema::memory_type(code),
             {static_cast<hsize_t>(offset)}, {static_cast<hsize_t>(tensor.numel())},
             tensor.data_ptr());
  return tensor;
}

StoreRecord SegmentFile::read(int64_t row, const std::vector<std::string>& only_fields) const {
  const Hdf5Session session;
  const auto index = static_cast<std::size_t>(row);
  const RecordLayout& wanted = layouts_.at(index);
  StoreRecord record{wanted.key, wanted.item_id, wanted.space, wanted.meta, {}};
  for (const std::string& name : only_fields) {
    const bool exists = std::any_of(wanted.fields.begin(), wanted.fields.end(),
                                    [&](const FieldLayout& field) { return field.name == name; });
    if (!exists) {
      throw Error(ErrorKind::kInput, wanted.item_id, "has no field '" + name + "' in the store");
    }
  }
  for (std::size_t k = 0; k < wanted.fields.size(); ++k) {
    const FieldLayout& field = wanted.fields[k];
    if (only_fields.empty() ||
        std::find(only_fields.begin(), only_fields.end(), field.name) != only_fields.end()) {
      record.fields[field.name] = read_values(field, offsets_[index][k]);
    }
  }
  return record;
}

std::string check_segment(const std::string& path) {
  try {
    const Seal seal = read_seal(path);
    if (sha256_file_prefix(path, seal.hdf5_bytes) != seal.hdf5_digest) {
      return "its HDF5 content does not fit its digest; bytes were changed";
    }
    const SegmentFile segment(path);
    if (segment.size() != static_cast<int64_t>(seal.rows.size())) {
      return fmt::format("has {} rows, its index {}", segment.size(), seal.rows.size());
    }
    for (int64_t row = 0; row < segment.size(); ++row) {
      const StoreRecord record = segment.read(row, {});
      if (record_digest(record) != seal.rows[static_cast<std::size_t>(row)].digest) {
        return "the values of '" + record.item_id + "' do not fit their digest";
      }
    }
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace physprobe
