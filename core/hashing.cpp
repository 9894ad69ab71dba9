#include "physprobe/core/hashing.h"

#include "physprobe/core/error.h"
#include "physprobe/core/input_file.h"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

namespace physprobe {

namespace {

void require(int status, const char* step) {
  if (status != 1) {
    throw Error(ErrorKind::kInternal, "", std::string("SHA-256 failed in ") + step);
  }
}

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
  bool finished = false;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  if (!state_->context) throw Error(ErrorKind::kResource, "", "no memory for a SHA-256 state");
  require(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr), "EVP_DigestInit_ex");
}

Sha256::~Sha256() = default;

void Sha256::update(const void* data, std::size_t size_bytes) {
  if (state_->finished) {
    throw Error(ErrorKind::kInternal, "", "Sha256::update after hex(); make a new object");
  }
  require(EVP_DigestUpdate(state_->context.get(), data, size_bytes), "EVP_DigestUpdate");
}

std::string Sha256::hex() {
  if (state_->finished) {
    throw Error(ErrorKind::kInternal, "", "Sha256::hex called twice; make a new object");
  }
  state_->finished = true;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  require(EVP_DigestFinal_ex(state_->context.get(), digest, &length), "EVP_DigestFinal_ex");
  static const char* const kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * std::size_t{length});
  for (unsigned int i = 0; i < length; ++i) {
    text.push_back(kDigits[digest[i] >> 4]);
    text.push_back(kDigits[digest[i] & 15]);
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

std::string sha256_file(const std::string& path) {
  const InputFile file(path);
  Sha256 hash;
  std::vector<char> block(std::size_t{1} << 20);
  for (uint64_t offset = 0; offset < file.size();) {
    const auto count =
        static_cast<std::size_t>(std::min<uint64_t>(block.size(), file.size() - offset));
    file.read_at(offset, block.data(), count);
    hash.update(block.data(), count);
    offset += count;
  }
  return hash.hex();
}

}  // namespace physprobe
