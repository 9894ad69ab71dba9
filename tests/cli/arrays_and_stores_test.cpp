// Arrays and stores through the command line: probe, memory, verify and inspect on small ones.

#include "physprobe/cli/cli.h"
#include "physprobe/core/atomic_file.h"
#include "physprobe/core/hashing.h"
#include "physprobe/core/npy.h"
#include "physprobe/core/safetensors.h"
#include "physprobe/memory/embedding_store.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <sys/wait.h>

namespace physprobe {
namespace {

using Json = nlohmann::json;
using testing::TempDir;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome run(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_command_line(arguments, out, err);
  return {code, out.str(), err.str()};
}

Outcome probe(const std::string& path, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"probe", "straightening", "--trajectories", path});
  return run(more);
}

at::Tensor wave(at::IntArrayRef shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return at::sin(at::arange(count, at::kFloat)).reshape(shape);
}

TEST(ProbeCommand, EveryFormatGivesTheSameNumbers) {
  const TempDir dir;
  const at::Tensor walk = wave({9, 3});
  write_safetensors(dir / "a.safetensors", {{"walk", walk}});
  write_npy(dir / "walk.npy", walk);
  const Json from_safetensors = Json::parse(probe(dir / "a.safetensors", {"--json"}).out);
  EXPECT_EQ(Json::parse(probe(dir / "walk.npy", {"--json"}).out), from_safetensors);
  const Outcome both = probe(dir.path(), {"--json"});
  EXPECT_EQ(Json::parse(both.out)["walk"], from_safetensors["walk"]);
  EXPECT_EQ(Json::parse(both.out)["a/walk"], from_safetensors["walk"]);
  write_safetensors(dir / "half.safetensors", {{"walk", walk.to(at::kBFloat16)}});
  write_safetensors(dir / "wide.safetensors", {{"walk", walk.to(at::kBFloat16).to(at::kFloat)}});
  EXPECT_EQ(probe(dir / "half.safetensors", {"--json"}).out,
            probe(dir / "wide.safetensors", {"--json"}).out);
  const auto store = EmbeddingStore::open_writer(dir / "store");
  store->append({{sha256_hex("k"), "clip", "space", "{}", {{"walk", walk}}}});
  EXPECT_EQ(Json::parse(probe(dir / "store", {"--json"}).out)["clip/walk"],
            from_safetensors["walk"]);
}

TEST(ProbeCommand, BatchesAndTokensAreReadAsSaid) {
  const TempDir dir;
  const at::Tensor batch = wave({2, 5, 3});
  write_safetensors(dir / "x.safetensors", {{"z", batch}});
  const Outcome unsaid = probe(dir / "x.safetensors", {"--json"});
  EXPECT_EQ(unsaid.code, 3);
  EXPECT_TRUE(unsaid.out.empty()) << unsaid.out;
  EXPECT_NE(unsaid.err.find("--pooling"), std::string::npos) << unsaid.err;
  const Json rows =
      Json::parse(probe(dir / "x.safetensors", {"--three-dimensional", "batch", "--json"}).out);
  EXPECT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows["z[1]"]["distance"].size(), 4U);
  const Json tokens =
      Json::parse(probe(dir / "x.safetensors", {"--pooling", "mean", "--json"}).out);
  EXPECT_TRUE(tokens["z"]["distance"].empty());  // two frames
  EXPECT_EQ(probe(dir / "x.safetensors", {"--only", "y"}).code, 3);
}

TEST(ProbeCommand, TheGoldenFileIsProbedAsItIs) {
  const Outcome outcome =
      probe(testing::golden_path("straightening/arrays.safetensors"), {"--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out).size(), 15U);
  EXPECT_NE(outcome.err.find("60 arrays left out"), std::string::npos) << outcome.err;
}

TEST(ProbeCommand, AFailedTrajectoryEndsWith4AndLeavesOneWholeDocument) {
  const TempDir dir;
  at::Tensor broken = wave({5, 3});
  broken[2][0] = std::nan("");
  write_safetensors(dir / "x.safetensors", {{"a", broken}, {"b", wave({5, 3})}});
  const Outcome outcome = probe(dir / "x.safetensors", {"--json"});
  EXPECT_EQ(outcome.code, 4);
  const Json json = Json::parse(outcome.out);
  EXPECT_NE(json["a"]["error"].get<std::string>().find("frame 2"), std::string::npos);
  EXPECT_EQ(json["b"]["distance"].size(), 4U);
  EXPECT_NE(outcome.err.find("failed: a: frame 2"), std::string::npos) << outcome.err;
  const Outcome table = probe(dir / "x.safetensors");
  EXPECT_EQ(table.code, 4);
  EXPECT_NE(table.out.find(" b\n"), std::string::npos) << table.out;
}

class StoreCommands : public ::testing::Test {
 protected:
  StoreCommands() {
    const auto writer = EmbeddingStore::open_writer(store_);
    std::vector<StoreRecord> batch;
    for (int i = 0; i < 4; ++i) {
      const std::string id = "clip" + std::to_string(i);
      batch.push_back({sha256_hex(id), id, "v1", "{}", {}});
      batch.back().fields["retrieval"] = at::tensor({1.0F, static_cast<float>(i)});
    }
    writer->append(batch);
    std::string manifest = "id,path,group,label\n";
    for (int i = 0; i < 4; ++i) {
      const std::string id = "clip" + std::to_string(i);
      write_file_atomic(dir_ / (id + ".mp4"), "x");
      manifest += id + "," + id + ".mp4,scene" + std::to_string(i / 2) + ",x\n";
    }
    write_file_atomic(dir_ / "manifest.csv", manifest);
  }
  Json search(std::vector<std::string> more) {
    more.insert(more.begin(), {"memory", "search", store_, "--json"});
    const Outcome outcome = run(more);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json();
  }
  static std::vector<std::string> ids(const Json& query) {
    std::vector<std::string> found;
    for (const Json& one : query["neighbours"]) found.push_back(one["id"]);
    return found;
  }
  TempDir dir_;
  std::string store_ = dir_ / "store";
};

TEST_F(StoreCommands, SearchLeavesOutWhatWasAsked) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(search({"--id", "clip0", "--metric", "l2"})[0]), (Ids{"clip1", "clip2", "clip3"}));
  EXPECT_EQ(ids(search({"--id", "clip0", "--metric", "l2", "--exclude", "none", "-k", "2"})[0]),
            (Ids{"clip0", "clip1"}));
  const Json grouped = search({"--id", "clip0", "--metric", "l2", "--exclude", "group", "--dataset",
                               dir_ / "manifest.csv"});
  EXPECT_EQ(ids(grouped[0]), (Ids{"clip2", "clip3"}));
  EXPECT_EQ(grouped[0]["neighbours"][0]["group"], "scene1");
  const Outcome unknown = run({"memory", "search", store_, "--id", "clip0", "--exclude", "group"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("--dataset"), std::string::npos) << unknown.err;
}

TEST_F(StoreCommands, OwnVectorsAreQueriesRowByRow) {
  write_npy(dir_ / "q.npy", at::tensor({1.0F, 0.9F, 1.0F, 2.1F}).reshape({2, 2}));
  const Json found = search({"--vectors", dir_ / "q.npy", "--metric", "l2", "-k", "1"});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1]["query"], "q[1]");
  EXPECT_EQ(ids(found[0]), std::vector<std::string>{"clip1"});
  EXPECT_EQ(ids(found[1]), std::vector<std::string>{"clip2"});
  write_npy(dir_ / "wide.npy", at::ones({2, 3}));
  EXPECT_EQ(run({"memory", "search", store_, "--vectors", dir_ / "wide.npy"}).code, 6);
  EXPECT_EQ(
      run({"memory", "search", store_, "--vectors", dir_ / "q.npy", "--exclude", "item"}).code, 2);
  EXPECT_EQ(run({"memory", "search", store_}).code, 2);
  const Outcome typo = run({"memory", "search", store_, "--id", "clip9"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("did you mean"), std::string::npos) << typo.err;
}

TEST_F(StoreCommands, AnIndexServesOnlyItsOwnStoreAndMetric) {
  const std::string index = dir_ / "index";
  ASSERT_EQ(run({"memory", "build", store_, "--index", index, "--metric", "l2", "--dataset",
                 dir_ / "manifest.csv"})
                .code,
            0);
  const Outcome served = run({"memory", "search", store_, "--id", "clip0", "--index", index,
                              "--exclude", "group", "--json"});
  EXPECT_EQ(served.code, 0);
  EXPECT_TRUE(served.err.empty()) << served.err;
  EXPECT_EQ(Json::parse(served.out)[0]["neighbours"].size(), 2U);
  const Outcome other =
      run({"memory", "search", store_, "--id", "clip0", "--index", index, "--metric", "cosine"});
  EXPECT_EQ(other.code, 0);
  EXPECT_NE(other.err.find("metric l2"), std::string::npos) << other.err;
  EmbeddingStore::open_writer(store_)->append(
      {{sha256_hex("new"), "new", "v1", "{}", {{"retrieval", at::tensor({1.0F, 0.1F})}}}});
  const Outcome stale = run({"memory", "search", store_, "--id", "clip0", "--index", index, "-k",
                             "1", "--json", "--metric", "l2"});
  EXPECT_NE(stale.err.find("searching the store itself"), std::string::npos) << stale.err;
  EXPECT_EQ(ids(Json::parse(stale.out)[0]), std::vector<std::string>{"new"});
}

TEST_F(StoreCommands, CompactedFilesAreStoresToEveryCommand) {
  const std::string file = dir_ / "export.h5";
  ASSERT_EQ(run({"memory", "compact", store_, "--out", file}).code, 0);
  EXPECT_EQ(run({"verify", file}).code, 0);
  EXPECT_EQ(Json::parse(run({"inspect", file, "--json"}).out)["records"], 4);
  EXPECT_EQ(run({"memory", "search", file, "--id", "clip0"}).out,
            run({"memory", "search", store_, "--id", "clip0"}).out);
}

TEST_F(StoreCommands, AnExportOverTheSizeLimitEndsWith5AndLeavesNothing) {
  // Through the real program: HDF5 crashes at a process's end when it met a full disk before.
  const std::string file = dir_ / "export.h5";
  const std::string command = "ulimit -f 8; exec " + std::string(PHYSPROBE_PROGRAM) +
                              " memory compact '" + store_ + "' --out '" + file + "' 2>/dev/null";
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 5);
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    EXPECT_EQ(entry.path().filename().string().find("export"), std::string::npos) << entry.path();
  }
}

TEST_F(StoreCommands, VerifyEndsWith7ForAFlippedByteInAnyFile) {
  EXPECT_EQ(run({"verify", store_}).code, 0);
  for (const char* name : {"/seg-000000.h5", "/store.json"}) {
    std::string bytes = read_file(store_ + name);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    write_file_atomic(store_ + name, bytes);
    const Outcome outcome = run({"verify", store_});
    EXPECT_EQ(outcome.code, 7) << name << outcome.err;
    EXPECT_NE(outcome.out.find(store_ + name), std::string::npos) << outcome.out;
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
    write_file_atomic(store_ + name, bytes);
  }
  EXPECT_EQ(run({"verify", store_}).code, 0);
  EXPECT_EQ(run({"verify", dir_ / "nowhere"}).code, 3);
}

TEST_F(StoreCommands, InspectTellsWhatArrayFilesHold) {
  write_npy(dir_ / "x.npy", wave({4, 3}));
  const Json json = Json::parse(run({"inspect", dir_ / "x.npy", "--json"}).out);
  EXPECT_EQ(json["kind"], "arrays");
  EXPECT_EQ(json["arrays"][0]["shape"], (Json{4, 3}));
}

}  // namespace
}  // namespace physprobe
