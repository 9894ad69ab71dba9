#pragma once
// What makes a finished run checkable: COMPLETE lists the digest of every file (digest_list.h), and
// run.json and plan.json, which differ between equal runs, carry their own.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace physprobe {

/// `value` as indented text whose last field is the SHA-256 of the text without it.
std::string self_sealed_json(const nlohmann::ordered_json& value);

/// Every file of the run directory that is missing, changed or not covered, each as a sentence;
/// also film strips and clips, whose digests stand in items.jsonl. Not the store
/// (EmbeddingStore::verify) and not log.txt.
std::vector<std::string> check_run_files(const std::string& directory);

}  // namespace physprobe
