#pragma once
// The two spellings of a manifest, turned into items. Internal to the layout "manifest".

#include "physprobe/datasets/dataset_layout.h"
#include "physprobe/datasets/item_location.h"
#include "physprobe/datasets/manifest_columns.h"

#include <string>
#include <string_view>

namespace physprobe {

/// Collects the items of one manifest; a row with a defect is reported and left out.
class ManifestRows {
 public:
  ManifestRows(const ColumnNames& names, ItemLocator& locator, DatasetListing& listing)
      : names_(names), listing_(listing), locator_(locator) {}

  const ColumnNames& names() const { return names_; }
  DatasetListing& listing() { return listing_; }

  /// Takes a row whose cells are stored in `item` (its `line` set). With `is_sound` its path and
  /// times are checked and it is appended; otherwise, its defects being reported, it is left out.
  void finish(DatasetItem item, bool is_sound);

 private:
  const ColumnNames& names_;
  DatasetListing& listing_;
  ItemLocator& locator_;
};

/// `text` without byte order mark and known to be UTF-8; `subject` names it in messages.
void read_csv_rows(std::string_view text, const std::string& subject, ManifestRows& rows);

/// One JSON object a line; blank lines are skipped. Texts and numbers are kept as written, null is
/// absent, nested values of unknown keys become compact JSON.
void read_json_rows(std::string_view text, ManifestRows& rows);

}  // namespace physprobe
