// SPDX-License-Identifier: Apache-2.0
#include "onnx/model_file.h"

#include "base/regular_file.h"
#include "base/try.h"

#include <cerrno>
#include <string>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/wire_format_lite.h>

namespace detect {

namespace {

namespace fs = std::filesystem;
namespace io = google::protobuf::io;
using google::protobuf::internal::WireFormatLite;

/// Raw data from this size on stays in the file.
constexpr std::uint32_t least_left_out = 4096;

Error unreadable(std::string message) { return {ErrorCode::unreadable_input, std::move(message)}; }

constexpr std::uint32_t tag_of(int field) {
    return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}
constexpr std::uint32_t graph_tag = tag_of(onnx::ModelProto::kGraphFieldNumber);
constexpr std::uint32_t initializer_tag = tag_of(onnx::GraphProto::kInitializerFieldNumber);
constexpr std::uint32_t raw_data_tag = tag_of(onnx::TensorProto::kRawDataFieldNumber);

/// Copies a serialised model without its large initializers' raw data. False if it is damaged.
class WeightsLeftOut {
public:
    explicit WeightsLeftOut(io::CodedInputStream& in) : in_(in) {}

    bool copy_model(std::string& to) {
        return copy(to, graph_tag, [&](std::string& graph) {
            return copy(graph, initializer_tag, [&](std::string& tensor) {
                std::optional<OnnxFile::RawData> left_out;
                if (!copy_tensor(tensor, left_out)) return false;
                if (left_out) raw_data_.emplace(initializers_, *left_out);
                ++initializers_;
                return true;
            });
        });
    }
    std::map<int, OnnxFile::RawData> take_raw_data() { return std::move(raw_data_); }

private:
    /// Copies a message; `part` copies each field of that tag.
    template <class F>
    bool copy(std::string& to, std::uint32_t part_tag, F&& part) {
        while (const std::uint32_t tag = in_.ReadTag()) {
            if (tag != part_tag) {
                if (!copy_field(tag, to, 0)) return false;
                continue;
            }
            std::string copied;
            if (!inside([&] { return part(copied); })) return false;
            write(to, tag, copied);
        }
        return in_.ConsumedEntireMessage();
    }

    /// Of several raw data in one tensor the last counts.
    bool copy_tensor(std::string& to, std::optional<OnnxFile::RawData>& left_out) {
        while (const std::uint32_t tag = in_.ReadTag()) {
            std::uint32_t size = 0;
            if (tag != raw_data_tag) {
                if (!copy_field(tag, to, 0)) return false;
            } else if (!read_size(size)) {
                return false;
            } else if (size >= least_left_out) {
                left_out = OnnxFile::RawData{static_cast<std::size_t>(in_.CurrentPosition()), size};
                if (!in_.Skip(static_cast<int>(size))) return false;
            } else {
                write_varint(to, tag);
                write_varint(to, size);
                if (!copy_bytes(size, to)) return false;
                left_out.reset();
            }
        }
        return in_.ConsumedEntireMessage();
    }

    /// A field as it is, and what is in it if it is a group. (The parser's library copies as well, by streams that
    /// write where there is no memory, if a string cannot grow.)
    bool copy_field(std::uint32_t tag, std::string& to, int depth) {
        write_varint(to, tag);
        std::uint64_t number = 0;
        std::uint32_t size = 0;
        switch (WireFormatLite::GetTagWireType(tag)) {
        case WireFormatLite::WIRETYPE_VARINT:
            if (!in_.ReadVarint64(&number)) return false;
            write_varint(to, number);
            return true;
        case WireFormatLite::WIRETYPE_FIXED64: return copy_bytes(sizeof(std::uint64_t), to);
        case WireFormatLite::WIRETYPE_FIXED32: return copy_bytes(sizeof(std::uint32_t), to);
        case WireFormatLite::WIRETYPE_LENGTH_DELIMITED:
            if (!read_size(size)) return false;
            write_varint(to, size);
            return copy_bytes(size, to);
        case WireFormatLite::WIRETYPE_START_GROUP: return copy_group(tag, to, depth + 1);
        default: return false;
        }
    }

    bool copy_group(std::uint32_t start, std::string& to, int depth) {
        constexpr int deepest = 64;
        if (depth > deepest) return false;
        while (const std::uint32_t tag = in_.ReadTag()) {
            if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_END_GROUP) {
                if (!copy_field(tag, to, depth)) return false;
                continue;
            }
            write_varint(to, tag);
            return WireFormatLite::GetTagFieldNumber(tag) == WireFormatLite::GetTagFieldNumber(start);
        }
        return false;
    }

    bool copy_bytes(std::uint32_t size, std::string& to) {
        const std::size_t begin = to.size();
        to.resize(begin + size);
        return in_.ReadRaw(to.data() + begin, static_cast<int>(size));
    }

    /// Of what is there.
    bool read_size(std::uint32_t& size) {
        if (!in_.ReadVarint32(&size) || size > INT32_MAX) return false;
        return in_.BytesUntilLimit() < 0 || static_cast<std::int64_t>(size) <= in_.BytesUntilLimit();
    }

    template <class F>
    bool inside(F&& body) {
        std::uint32_t size = 0;
        if (!read_size(size)) return false;
        const auto limit = in_.PushLimit(static_cast<int>(size));
        const bool fine = body() && in_.BytesUntilLimit() == 0;
        in_.PopLimit(limit);
        return fine;
    }

    static void write_varint(std::string& to, std::uint64_t number) {
        for (; number > 0x7FU; number >>= 7U) to += static_cast<char>(number | 0x80U);
        to += static_cast<char>(number);
    }

    static void write(std::string& to, std::uint32_t tag, const std::string& bytes) {
        write_varint(to, tag);
        write_varint(to, bytes.size());
        to += bytes;
    }

    io::CodedInputStream& in_;
    int initializers_ = 0;
    std::map<int, OnnxFile::RawData> raw_data_;
};

} // namespace

class OnnxFile::Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { ::close(number_); }

    [[nodiscard]] bool read(std::size_t offset, std::span<std::byte> to) const {
        while (!to.empty()) {
            const ssize_t count = ::pread(number_, to.data(), to.size(), static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return false;
            offset += static_cast<std::size_t>(count);
            to = to.subspan(static_cast<std::size_t>(count));
        }
        return true;
    }

private:
    int number_;
};

OnnxFile::OnnxFile() = default;
OnnxFile::OnnxFile(OnnxFile&&) noexcept = default;
OnnxFile& OnnxFile::operator=(OnnxFile&&) noexcept = default;
OnnxFile::~OnnxFile() = default;

namespace {

Error damaged_model() { return unreadable("is cut off, damaged, or not an ONNX model; copy it or export it again"); }

Result<void> check_size(std::size_t size) {
    if (size == 0) return unreadable("is empty, expected an ONNX model");
    if (size > INT32_MAX) return unreadable("is larger than 2 GiB, which ONNX does not allow in one file");
    return {};
}

Result<void> check_stream(io::ZeroCopyInputStream& stream, std::size_t size, ReadingBudget& budget) {
    io::CodedInputStream in(&stream);
    in.SetTotalBytesLimit(INT32_MAX);
    in.PushLimit(static_cast<int>(size));
    return check_serialised_model(in, least_left_out, budget);
}

} // namespace

Result<void> OnnxFile::parse_stream(io::ZeroCopyInputStream& stream, std::size_t size, ReadingBudget budget) {
    std::string without_weights;
    {
        io::CodedInputStream in(&stream);
        in.SetTotalBytesLimit(INT32_MAX);
        in.PushLimit(static_cast<int>(size));
        WeightsLeftOut weights(in);
        if (!weights.copy_model(without_weights)) return damaged_model();
        raw_data_ = weights.take_raw_data();
    }
    // The file may have changed since it was looked at: what is parsed is what was counted.
    io::ArrayInputStream counted(without_weights.data(), static_cast<int>(without_weights.size()));
    DETECT_TRY(check_stream(counted, without_weights.size(), budget));
    io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(without_weights.data()),
                            static_cast<int>(without_weights.size()));
    in.SetTotalBytesLimit(INT32_MAX);
    constexpr int nesting = 64;
    in.SetRecursionLimit(nesting);
    if (!model_.ParseFromCodedStream(&in) || !in.ConsumedEntireMessage()) return damaged_model();
    if (!model_.has_graph()) return unreadable("is not an ONNX model: it holds no graph");
    return {};
}

Result<OnnxFile> OnnxFile::parse(std::span<const std::byte> bytes, ReadingBudget& budget) {
    DETECT_TRY(check_size(bytes.size()));
    const int size = static_cast<int>(bytes.size());
    const ReadingBudget before = budget;
    io::ArrayInputStream counted(bytes.data(), size);
    DETECT_TRY(check_stream(counted, bytes.size(), budget));
    io::ArrayInputStream stream(bytes.data(), size);
    OnnxFile file;
    DETECT_TRY(file.parse_stream(stream, bytes.size(), before));
    file.bytes_ = bytes;
    return file;
}

Result<OnnxFile> OnnxFile::open(const fs::path& path, ReadingBudget& budget) {
    const auto cannot_be_read = [](int number) {
        return unreadable("cannot be read: " + std::error_code(number, std::generic_category()).message());
    };
    // What was opened is looked at, not what the name stands for a moment before. A pipe is not waited for.
    const int number = open_for_reading(path);
    if (number < 0 && (errno == ENOENT || errno == ENOTDIR)) return unreadable("does not exist");
    if (number < 0) return errno == ENXIO ? unreadable("is not a file") : cannot_be_read(errno);
    OnnxFile file;
    file.descriptor_ = std::make_unique<const Descriptor>(number);
    struct stat status {};
    if (::fstat(number, &status) != 0) return cannot_be_read(errno);
    if (!S_ISREG(status.st_mode)) return unreadable("is not a file");
    const auto size = static_cast<std::size_t>(status.st_size);
    DETECT_TRY(check_size(size));
    const auto pass = [&](const auto& read) -> Result<void> {
        if (::lseek(number, 0, SEEK_SET) < 0) return cannot_be_read(errno);
        io::FileInputStream stream(number);
        auto done = read(stream);
        return !done && stream.GetErrno() != 0 ? Result<void>(cannot_be_read(stream.GetErrno())) : done;
    };
    const ReadingBudget before = budget;
    DETECT_TRY(pass([&](auto& stream) { return check_stream(stream, size, budget); }));
    DETECT_TRY(pass([&](auto& stream) { return file.parse_stream(stream, size, before); }));
    return file;
}

const OnnxFile::RawData* OnnxFile::raw_data(int index) const {
    const auto found = raw_data_.find(index);
    return found == raw_data_.end() ? nullptr : &found->second;
}

Result<void> OnnxFile::read(const RawData& data, std::span<std::byte> to) const {
    if (descriptor_ == nullptr) {
        std::ranges::copy(bytes_.subspan(data.offset, to.size()), to.begin());
    } else if (!descriptor_->read(data.offset, to)) {
        return unreadable("cannot be read: the file has changed meanwhile");
    }
    return {};
}

} // namespace detect
