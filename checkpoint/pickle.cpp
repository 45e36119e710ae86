// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/pickle.h"

#include "base/byte_cursor.h"
#include "base/text.h"
#include "checkpoint/pickle_policy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <utility>

namespace detect::pickle {

namespace {

constexpr std::uint8_t highest_protocol = 5;
constexpr const char* code_advice = ": this is code, not weights; do not open this file in Python";

std::string full_name(const Value& global) { return std::string(global.text) + "." + std::string(global.name); }

/// The stack machine. The first failure is kept and ends the run; until then every helper gives some valid answer
/// (value 0, None), so that opcodes read without error handling of their own.
class Machine {
public:
    Machine(std::span<const std::byte> bytes, std::size_t most_values)
        : bytes_(bytes), cursor_(bytes), most_values_(most_values) {
        add(Value{});
    }

    Result<Document> run() {
        while (!error_ && !stopped_) {
            opcode_position_ = cursor_.position();
            step(read<std::uint8_t>());
        }
        if (error_) return *std::move(error_);
        document_.byte_count = cursor_.position();
        return std::move(document_);
    }

private:
    void step(std::uint8_t opcode);
    bool step_scalar(std::uint8_t opcode);
    bool step_container(std::uint8_t opcode);
    bool step_memo(std::uint8_t opcode);
    bool step_object(std::uint8_t opcode);

    void fail(const std::string& cause, ErrorCode code = ErrorCode::unreadable_input) {
        if (error_) return;
        error_ = Error{code, code == ErrorCode::unreadable_input
                                 ? "damaged pickle at its byte " + std::to_string(opcode_position_) + ": " + cause
                                 : cause};
    }

    std::span<const std::byte> take(std::uint64_t count) {
        const auto taken = cursor_.take(count);
        if (!taken) fail("the data ends too early (is the file cut off?)");
        return taken.value_or(std::span<const std::byte>{});
    }
    template <class T>
    T read() {
        const auto value = cursor_.read<T>();
        if (!value) fail("the data ends too early (is the file cut off?)");
        return value.value_or(T{});
    }
    template <class T>
    std::string_view take_text() {
        return as_text(take(read<T>()));
    }
    std::string_view take_line() {
        const std::string_view rest = as_text(bytes_.subspan(cursor_.position()));
        const std::size_t length = rest.find('\n');
        if (length == std::string_view::npos) {
            fail("a line has no end (is the file cut off?)");
            return {};
        }
        return as_text(take(length + 1)).substr(0, length);
    }

    Index add(Value value) {
        if (document_.values.size() >= most_values_) {
            fail("the pickle has more than " + std::to_string(most_values_) + " values: not a checkpoint of a detector",
                 ErrorCode::resource_limit);
            return 0;
        }
        document_.values.push_back(std::move(value));
        return static_cast<Index>(document_.values.size() - 1);
    }
    void push(Index index) {
        if (stack_.size() >= max_values)
            return fail("the pickle's stack grows beyond reason", ErrorCode::resource_limit);
        stack_.push_back(index);
    }
    void push(Value value) { push(add(std::move(value))); }
    void push_text(Kind kind, std::string_view text) { push(Value{.kind = kind, .text = text}); }
    void push_integer(std::int64_t integer) { push(Value{.kind = Kind::integer, .integer = integer}); }
    void push_boolean(bool value) { push(Value{.kind = Kind::boolean, .integer = value ? 1 : 0}); }
    void push_long(std::span<const std::byte> little_endian);
    void push_integer_line();
    void push_real_line();

    /// Where the values since the last mark begin.
    [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    Index pop() {
        if (stack_.size() <= floor()) {
            fail("it takes a value that is not there");
            return 0;
        }
        const Index top = stack_.back();
        stack_.pop_back();
        return top;
    }
    Index top() {
        const Index index = pop();
        push(index);
        return index;
    }
    std::vector<Index> pop_to_mark() {
        if (marks_.empty()) {
            fail("it looks for a mark that is not there");
            return {};
        }
        const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
        std::vector<Index> items(begin, stack_.end());
        stack_.erase(begin, stack_.end());
        marks_.pop_back();
        return items;
    }
    std::vector<Index> pop_count(std::size_t count) {
        std::vector<Index> items(count);
        for (std::size_t i = count; i-- > 0;) items[i] = pop();
        return items;
    }
    /// Items are counted too: one short opcode can copy a long list of pairs into a dictionary.
    bool count_items(std::size_t count) {
        item_count_ += count;
        if (item_count_ > 4 * max_values) fail("the pickle unfolds to too many items", ErrorCode::resource_limit);
        return !error_;
    }
    void push_items(Kind kind, std::vector<Index> items) {
        if (kind == Kind::dictionary && items.size() % 2 != 0) return fail("a key has no value");
        if (!count_items(items.size())) return;
        push(Value{.kind = kind, .items = std::move(items)});
    }
    void extend(Kind kind, const std::vector<Index>& items);
    void remember(std::uint64_t key);
    void recall(std::uint64_t key);
    std::uint64_t memo_key_line();

    void push_global(std::string_view module, std::string_view name) {
        if (module.size() + name.size() > 1024) return fail("a name is longer than any of Python's");
        push(Value{.kind = Kind::global, .text = module, .name = name});
    }
    void call(Index callable, Index arguments);
    void build();
    [[nodiscard]] std::optional<Index> pairs_as_dictionary(Index arguments);

    std::span<const std::byte> bytes_;
    ByteCursor cursor_;
    std::size_t most_values_;
    std::size_t opcode_position_ = 0;
    Document document_;
    std::vector<Index> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint64_t, Index> memo_;
    std::optional<Error> error_;
    std::size_t item_count_ = 0;
    std::size_t items_looked_at_ = 0;
    bool stopped_ = false;
};

void Machine::push_long(std::span<const std::byte> little_endian) {
    if (little_endian.size() > sizeof(std::int64_t)) return push_text(Kind::big_integer, as_text(little_endian));
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < little_endian.size(); ++i) {
        bits |= std::to_integer<std::uint64_t>(little_endian[i]) << (8 * i);
    }
    // Two's complement: the highest bit that is there says whether those above it are ones.
    const std::size_t length = 8 * little_endian.size();
    if (length > 0 && length < 64 && ((bits >> (length - 1)) & 1U) != 0) bits |= ~std::uint64_t{0} << length;
    push_integer(static_cast<std::int64_t>(bits));
}

void Machine::push_integer_line() {
    std::string_view line = take_line();
    if (line == "00" || line == "01") return push_boolean(line == "01");
    if (line.ends_with('L')) line.remove_suffix(1);
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (code != std::errc{} || end != line.data() + line.size()) return fail("a whole number is expected");
    push_integer(value);
}

void Machine::push_real_line() {
    const std::string_view line = take_line();
    double value = 0;
    const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (code != std::errc{} || end != line.data() + line.size()) return fail("a number is expected");
    push(Value{.kind = Kind::real, .real = value});
}

bool Machine::step_scalar(std::uint8_t opcode) {
    switch (opcode) {
    case 'N': push(Index{0}); return true;
    case 0x88: push_boolean(true); return true;
    case 0x89: push_boolean(false); return true;
    case 'J': push_integer(read<std::int32_t>()); return true;
    case 'K': push_integer(read<std::uint8_t>()); return true;
    case 'M': push_integer(read<std::uint16_t>()); return true;
    case 'I':
    case 'L': push_integer_line(); return true;
    case 0x8a: push_long(take(read<std::uint8_t>())); return true;
    case 0x8b: push_long(take(read<std::uint32_t>())); return true;
    case 'F': push_real_line(); return true;
    case 'G': {
        const auto big_endian = take(sizeof(double));
        std::uint64_t bits = 0;
        for (const std::byte byte : big_endian) bits = (bits << 8U) | std::to_integer<std::uint64_t>(byte);
        push(Value{.kind = Kind::real, .real = std::bit_cast<double>(bits)});
        return true;
    }
    case 0x8c:
    case 'U': push_text(Kind::text, take_text<std::uint8_t>()); return true; // 'U' and 'T' are Python 2's strings
    case 'X':
    case 'T': push_text(Kind::text, take_text<std::uint32_t>()); return true;
    case 0x8d: push_text(Kind::text, take_text<std::uint64_t>()); return true;
    case 'C': push_text(Kind::bytes, take_text<std::uint8_t>()); return true;
    case 'B': push_text(Kind::bytes, take_text<std::uint32_t>()); return true;
    case 0x8e:
    case 0x96: push_text(Kind::bytes, take_text<std::uint64_t>()); return true;
    default: return false;
    }
}

void Machine::extend(Kind kind, const std::vector<Index>& items) {
    Value& target = document_.values[top()];
    // An object may be a list or dictionary of a class that is not known here; what it holds is of no interest then.
    if (target.kind == Kind::object) return;
    if (target.kind != kind) return fail("it puts items into something that holds none");
    if (kind == Kind::dictionary && items.size() % 2 != 0) return fail("a key has no value");
    if (!count_items(items.size())) return;
    target.items.insert(target.items.end(), items.begin(), items.end());
}

bool Machine::step_container(std::uint8_t opcode) {
    switch (opcode) {
    case '(':
        if (marks_.size() >= max_values) fail("the pickle has too many marks", ErrorCode::resource_limit);
        marks_.push_back(stack_.size());
        return true;
    case ')': push_items(Kind::tuple, {}); return true;
    case ']':
    case 0x8f: push_items(Kind::list, {}); return true;
    case '}': push_items(Kind::dictionary, {}); return true;
    case 't':
    case 0x91: push_items(Kind::tuple, pop_to_mark()); return true;
    case 'l': push_items(Kind::list, pop_to_mark()); return true;
    case 'd': push_items(Kind::dictionary, pop_to_mark()); return true;
    case 0x85: push_items(Kind::tuple, pop_count(1)); return true;
    case 0x86: push_items(Kind::tuple, pop_count(2)); return true;
    case 0x87: push_items(Kind::tuple, pop_count(3)); return true;
    case 'a': extend(Kind::list, pop_count(1)); return true;
    case 'e':
    case 0x90: extend(Kind::list, pop_to_mark()); return true;
    case 's': extend(Kind::dictionary, pop_count(2)); return true;
    case 'u': extend(Kind::dictionary, pop_to_mark()); return true;
    case '0':
        if (!marks_.empty() && marks_.back() == stack_.size()) {
            marks_.pop_back();
        } else {
            pop();
        }
        return true;
    case '1': pop_to_mark(); return true;
    case '2': push(top()); return true;
    default: return false;
    }
}

void Machine::remember(std::uint64_t key) {
    if (memo_.size() >= max_values) return fail("the pickle's memo grows beyond reason", ErrorCode::resource_limit);
    memo_[key] = top();
}

void Machine::recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) return fail("it recalls a value that was never stored");
    push(found->second);
}

std::uint64_t Machine::memo_key_line() {
    const std::string_view line = take_line();
    std::uint64_t key = 0;
    const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), key);
    if (code != std::errc{} || end != line.data() + line.size()) fail("a whole number is expected");
    return key;
}

bool Machine::step_memo(std::uint8_t opcode) {
    switch (opcode) {
    case 'q': remember(read<std::uint8_t>()); return true;
    case 'r': remember(read<std::uint32_t>()); return true;
    case 'p': remember(memo_key_line()); return true;
    case 0x94: remember(memo_.size()); return true;
    case 'h': recall(read<std::uint8_t>()); return true;
    case 'j': recall(read<std::uint32_t>()); return true;
    case 'g': recall(memo_key_line()); return true;
    default: return false;
    }
}

/// `OrderedDict([(key, value), …])`, as Python 2 wrote it: the list of pairs, if the arguments are one.
std::optional<Index> Machine::pairs_as_dictionary(Index arguments) {
    const Value& tuple = document_[arguments];
    if (tuple.items.size() != 1 || document_[tuple.items[0]].kind != Kind::list) return std::nullopt;
    const auto& pairs = document_[tuple.items[0]].items;
    // One list may be an argument again and again, and looking through it leaves no trace that is counted elsewhere.
    items_looked_at_ += pairs.size();
    if (items_looked_at_ > 4 * max_values) {
        fail("the pickle makes dictionaries of the same long lists again and again: not a checkpoint of a detector",
             ErrorCode::resource_limit);
        return std::nullopt;
    }
    const bool all_pairs = std::ranges::all_of(pairs, [this](Index pair) {
        const Value& value = document_[pair];
        return (value.kind == Kind::tuple || value.kind == Kind::list) && value.items.size() == 2;
    });
    return all_pairs ? std::optional(tuple.items[0]) : std::nullopt;
}

void Machine::call(Index callable, Index arguments) {
    // torch's older format wraps the class of a module in an id: ("module", class, source file, source).
    if (document_[callable].kind == Kind::persistent) {
        const auto& id = document_[document_[callable].items[0]].items;
        if (id.size() > 1 && document_[id[0]].text == "module") callable = id[1];
    }
    const Value& global = document_[callable];
    if (global.kind != Kind::global) {
        // What a call returns may be a function: the way around a list of forbidden names.
        if (global.kind != Kind::object) return fail("it calls something that is no function");
        return fail("the pickle calls what " + printable(document_.name_of(callable)) + " gave it" + code_advice,
                    ErrorCode::bad_model);
    }
    if (runs_code(global.text, global.name)) {
        return fail("the pickle calls " + printable(full_name(global)) + code_advice, ErrorCode::bad_model);
    }
    if (global.text == "collections" && (global.name == "OrderedDict" || global.name == "defaultdict")) {
        std::vector<Index> items;
        if (const auto list = pairs_as_dictionary(arguments)) {
            for (const Index pair : document_[*list].items) {
                items.insert(items.end(), document_[pair].items.begin(), document_[pair].items.end());
            }
        }
        return push_items(Kind::dictionary, std::move(items));
    }
    push_items(Kind::object, {callable, arguments});
}

/// Sets attributes of an object, which says nothing about tensors; of a class, it would change what Python runs.
void Machine::build() {
    pop();
    const Index target = top();
    if (document_[target].kind == Kind::global) {
        fail("the pickle changes " + printable(document_.name_of(target)) + code_advice, ErrorCode::bad_model);
    }
}

bool Machine::step_object(std::uint8_t opcode) {
    switch (opcode) {
    case 'c': {
        const std::string_view module = take_line();
        push_global(module, take_line());
        return true;
    }
    case 0x93: {
        const auto names = pop_count(2);
        const Value& module = document_[names[0]];
        const Value& name = document_[names[1]];
        if (module.kind != Kind::text || name.kind != Kind::text) fail("a name is expected");
        push_global(module.text, name.text);
        return true;
    }
    case 'R':
    case 0x81: {
        const auto operands = pop_count(2);
        call(operands[0], operands[1]);
        return true;
    }
    case 0x92: {
        const auto operands = pop_count(3);
        call(operands[0], operands[1]);
        return true;
    }
    case 'i': {
        const std::string_view module = take_line();
        const std::string_view name = take_line();
        const Index arguments = add(Value{.kind = Kind::tuple, .items = pop_to_mark()});
        push_global(module, name);
        call(pop(), arguments);
        return true;
    }
    case 'o': {
        auto items = pop_to_mark();
        if (items.empty()) {
            fail("an object has no class");
            return true;
        }
        const Index callable = items.front();
        items.erase(items.begin());
        call(callable, add(Value{.kind = Kind::tuple, .items = std::move(items)}));
        return true;
    }
    case 'b': build(); return true;
    case 'Q': push_items(Kind::persistent, pop_count(1)); return true;
    default: return false;
    }
}

void Machine::step(std::uint8_t opcode) {
    if (error_ || step_scalar(opcode) || step_container(opcode) || step_memo(opcode) || step_object(opcode)) return;
    switch (opcode) {
    case 0x80:
        if (read<std::uint8_t>() > highest_protocol) fail("its protocol is newer than 5");
        return;
    case 0x95: read<std::uint64_t>(); return; // FRAME: a length that only helps buffering
    case '.':
        document_.root = pop();
        stopped_ = true;
        return;
    case 0x82:
    case 0x83:
    case 0x84: fail("it uses Python's extension registry, which checkpoints never do"); return;
    default: fail("unknown opcode " + std::to_string(opcode)); return;
    }
}

} // namespace

std::string Document::name_of(Index index) const {
    const Value& value = values[index];
    if (value.kind == Kind::global) return full_name(value);
    if (value.kind != Kind::object) return {};
    const Value& callable = values[value.items[0]];
    const bool reconstructs = callable.name == "_reconstructor" || callable.name == "__newobj__";
    const auto& arguments = values[value.items[1]].items;
    if (reconstructs && !arguments.empty() && values[arguments[0]].kind == Kind::global) {
        return full_name(values[arguments[0]]);
    }
    return full_name(callable);
}

Result<Document> read(std::span<const std::byte> bytes, std::size_t most_values) {
    return Machine(bytes, most_values).run();
}

} // namespace detect::pickle
