#include "physprobe/core/pickle.h"

#include "physprobe/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace physprobe {
namespace {

using Kind = PickleNode::Kind;

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kMaxNodes = std::size_t{1} << 21;
constexpr std::size_t kLongestGlobal = 4096;

/// The machine of the pickle format (CPython's pickletools documents every opcode), without its
/// calls.
class Machine {
 public:
  Machine(const std::string& subject, const ByteSource& source)
      : subject_(subject), source_(source) {}

  PickleTree run() {
    for (;;) {
      const auto opcode = read<uint8_t>();
      if (opcode == '.') break;
      step(opcode);
    }
    if (stack_.size() != 1) fail(fmt::format("ends with {} values, expected 1", stack_.size()));
    tree_.root = stack_.back();
    return std::move(tree_);
  }

 private:
  [[noreturn]] void fail(const std::string& defect) const {
    throw Error(ErrorKind::kInput, subject_,
                fmt::format("its pickle is malformed at byte {}: {}", position_, defect));
  }

  void read_bytes(char* out, std::size_t count) {
    while (count > 0) {
      const std::size_t got = source_(out, count);
      if (got == 0) fail("it ends in the middle (truncated?)");
      out += got;
      count -= got;
      position_ += got;
    }
  }

  template <typename T>
  T read() {
    T value{};
    read_bytes(reinterpret_cast<char*>(&value), sizeof(value));
    return value;
  }

  /// Grows with what is really there: a lie about the length costs no memory.
  std::string read_text(uint64_t length) {
    std::string text;
    while (text.size() < length) {
      const std::size_t old = text.size();
      text.resize(old + static_cast<std::size_t>(std::min<uint64_t>(kPiece, length - old)));
      read_bytes(&text[old], text.size() - old);
    }
    return text;
  }

  std::string read_line() {
    std::string line;
    for (char c = read<char>(); c != '\n'; c = read<char>()) {
      if (line.size() == kLongestGlobal) fail("a name has no end");
      line += c;
    }
    return line;
  }

  PickleIndex add(Kind kind) {
    if (tree_.nodes.size() == kMaxNodes) fail(fmt::format("holds more than {} values", kMaxNodes));
    tree_.nodes.emplace_back();
    tree_.nodes.back().kind = kind;
    return static_cast<PickleIndex>(tree_.nodes.size() - 1);
  }

  PickleNode& push(Kind kind) {
    stack_.push_back(add(kind));
    return tree_.nodes.back();
  }

  PickleIndex pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() == marks_.back())) {
      fail("takes a value from an empty stack");
    }
    const PickleIndex top = stack_.back();
    stack_.pop_back();
    return top;
  }

  /// What was pushed since the last mark.
  std::vector<PickleIndex> pop_to_mark() {
    if (marks_.empty()) fail("has no mark to go back to");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleIndex> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return values;
  }

  PickleNode& top() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() == marks_.back())) {
      fail("changes a value of an empty stack");
    }
    return tree_.nodes[stack_.back()];
  }

  void push_tuple(std::size_t count) {
    std::vector<PickleIndex> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
    push(Kind::kTuple).items = std::move(items);
  }

  void push_call() {
    const PickleIndex arguments = pop();
    const PickleIndex callable = pop();
    push(Kind::kCall).items = {callable, arguments};
  }

  void push_integer(int64_t value) { push(Kind::kInteger).integer = value; }

  void push_long(uint64_t bytes) {
    const std::string text = read_text(bytes);
    if (text.size() > sizeof(int64_t)) {
      push(Kind::kBigInteger).text = text;
      return;
    }
    const bool is_negative = !text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0;
    int64_t value = is_negative ? -1 : 0;
    std::memcpy(&value, text.data(), text.size());
    push_integer(value);
  }

  void push_real() {
    char bytes[8];
    read_bytes(bytes, sizeof(bytes));
    std::reverse(std::begin(bytes), std::end(bytes));  // big-endian in the format
    double value = 0.0;
    std::memcpy(&value, bytes, sizeof(value));
    push(Kind::kReal).real = value;
  }

  void push_global(const std::string& module, const std::string& name) {
    push(Kind::kGlobal).text = module + " " + name;
  }

  void push_stack_global() {
    const PickleIndex name = pop();
    const PickleIndex module = pop();
    if (tree_[name].kind != Kind::kText || tree_[module].kind != Kind::kText) {
      fail("names a global by something that is no text");
    }
    const std::string module_text = tree_[module].text;
    push_global(module_text, tree_[name].text);
  }

  void add_entries(const std::vector<PickleIndex>& values) {
    PickleNode& mapping = top();
    if (values.size() % 2 != 0) fail("has a key without a value");
    if (mapping.kind != Kind::kDict && mapping.kind != Kind::kCall) {
      fail("sets an entry of something that is no mapping");
    }
    for (std::size_t i = 0; i < values.size(); i += 2) {
      mapping.entries.emplace_back(values[i], values[i + 1]);
    }
  }

  void add_items(const std::vector<PickleIndex>& values) {
    PickleNode& list = top();
    if (list.kind == Kind::kCall) return;  // an object that is a list; its items are of no use here
    if (list.kind != Kind::kList) fail("appends to something that is no list");
    list.items.insert(list.items.end(), values.begin(), values.end());
  }

  void memoize(uint64_t key) {
    top();
    memo_[key] = stack_.back();
  }

  void recall(uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail(fmt::format("recalls the value {} it never kept", key));
    stack_.push_back(found->second);
    // Pushing a kept value costs no node: the stack is bounded like them.
    if (stack_.size() > kMaxNodes) fail(fmt::format("holds more than {} values", kMaxNodes));
  }

  void step(uint8_t opcode) {
    if (step_scalar(opcode) || step_container(opcode) || step_memo(opcode)) return;
    fail(fmt::format("has the opcode 0x{:02x}, which torch.save does not write", opcode));
  }

  bool step_scalar(uint8_t opcode) {
    switch (opcode) {
      case 'N':
        push(Kind::kNone);
        return true;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push(Kind::kBool).integer = opcode == 0x88 ? 1 : 0;
        return true;
      case 'K':  // BININT1
        push_integer(read<uint8_t>());
        return true;
      case 'M':  // BININT2
        push_integer(read<uint16_t>());
        return true;
      case 'J':  // BININT
        push_integer(read<int32_t>());
        return true;
      case 0x8a:  // LONG1
        push_long(read<uint8_t>());
        return true;
      case 0x8b: {  // LONG4
        const auto length = read<int32_t>();
        if (length < 0) fail("a number has a negative length");
        push_long(static_cast<uint64_t>(length));
        return true;
      }
      case 'G':  // BINFLOAT
        push_real();
        return true;
      case 'U':   // SHORT_BINSTRING
      case 0x8c:  // SHORT_BINUNICODE
      case 'C':   // SHORT_BINBYTES
        push_text(read<uint8_t>());
        return true;
      case 'T':  // BINSTRING
      case 'X':  // BINUNICODE
      case 'B':  // BINBYTES
        push_text(read<uint32_t>());
        return true;
      case 0x8d:  // BINUNICODE8
      case 0x8e:  // BINBYTES8
      case 0x96:  // BYTEARRAY8
        push_text(read<uint64_t>());
        return true;
      default:
        return false;
    }
  }

  void push_text(uint64_t length) {
    std::string text = read_text(length);
    push(Kind::kText).text = std::move(text);
  }

  bool step_container(uint8_t opcode) {
    switch (opcode) {
      case '}':
        push(Kind::kDict);
        return true;
      case ']':
      case 0x8f:  // EMPTY_SET
        push(Kind::kList);
        return true;
      case ')':
        push(Kind::kTuple);
        return true;
      case '(':
        marks_.push_back(stack_.size());
        if (marks_.size() > kMaxNodes) fail("has too many marks");
        return true;
      case 't': {
        std::vector<PickleIndex> items = pop_to_mark();
        push(Kind::kTuple).items = std::move(items);
        return true;
      }
      case 0x91: {  // FROZENSET
        std::vector<PickleIndex> items = pop_to_mark();
        push(Kind::kList).items = std::move(items);
        return true;
      }
      case 0x85:  // TUPLE1
      case 0x86:  // TUPLE2
      case 0x87:  // TUPLE3
        push_tuple(opcode - 0x84U);
        return true;
      case 's': {
        const PickleIndex value = pop();
        const PickleIndex key = pop();
        add_entries({key, value});
        return true;
      }
      case 'u':
        add_entries(pop_to_mark());
        return true;
      case 'a':
        add_items({pop()});
        return true;
      case 'e':
      case 0x90:  // ADDITEMS
        add_items(pop_to_mark());
        return true;
      case 'R':   // REDUCE
      case 0x81:  // NEWOBJ
        push_call();
        return true;
      case 0x92:  // NEWOBJ_EX
        pop();    // keyword arguments
        push_call();
        return true;
      case 'b':  // BUILD: an object's state; ordered dicts carry their _metadata there
        pop();
        top();
        return true;
      case 'Q': {  // BINPERSID
        const PickleIndex id = pop();
        push(Kind::kPersistent).items = {id};
        return true;
      }
      case 'c': {
        const std::string module = read_line();
        push_global(module, read_line());
        return true;
      }
      case 0x93:
        push_stack_global();
        return true;
      default:
        return false;
    }
  }

  bool step_memo(uint8_t opcode) {
    switch (opcode) {
      case 0x80: {  // PROTO
        const auto protocol = read<uint8_t>();
        if (protocol < 2 || protocol > 5) {
          fail(fmt::format("has protocol {}; expected 2 to 5", protocol));
        }
        return true;
      }
      case 0x95:  // FRAME
        read<uint64_t>();
        return true;
      case 'q':  // BINPUT
        memoize(read<uint8_t>());
        return true;
      case 'r':  // LONG_BINPUT
        memoize(read<uint32_t>());
        return true;
      case 0x94:  // MEMOIZE
        memoize(memo_.size());
        return true;
      case 'h':  // BINGET
        recall(read<uint8_t>());
        return true;
      case 'j':  // LONG_BINGET
        recall(read<uint32_t>());
        return true;
      case '0':
        pop();
        return true;
      case '1':
        pop_to_mark();
        return true;
      case '2':
        top();
        stack_.push_back(stack_.back());
        if (stack_.size() > kMaxNodes) fail("holds too many values");
        return true;
      default:
        return false;
    }
  }

  const std::string& subject_;
  const ByteSource& source_;
  uint64_t position_ = 0;
  PickleTree tree_;
  std::vector<PickleIndex> stack_;
  std::vector<std::size_t> marks_;
  std::map<uint64_t, PickleIndex> memo_;
};

}  // namespace

bool PickleTree::is_global(PickleIndex index, const char* name) const {
  return nodes[index].kind == Kind::kGlobal && nodes[index].text == name;
}

PickleTree read_pickle(const std::string& subject, const ByteSource& source) {
  return Machine(subject, source).run();
}

}  // namespace physprobe
