// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

namespace detect::reference {

namespace {

constexpr std::uint64_t top_bit = std::uint64_t{1} << 63U;

/// A number that stands in the order of all numbers where `x` stands in the order of its type, so that one sort serves
/// all types. NaN stands above everything; 0 and -0 are the same.
template <class T>
std::uint64_t order_key(T x) {
    if constexpr (std::is_floating_point_v<T>) {
        if (x != x) return std::numeric_limits<std::uint64_t>::max();
        if (x == T{0}) return top_bit;
        const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(x));
        return (bits & top_bit) != 0 ? ~bits : bits | top_bit;
    } else if constexpr (std::is_signed_v<T>) {
        return static_cast<std::uint64_t>(std::int64_t{x}) ^ top_bit;
    } else {
        return std::uint64_t{x};
    }
}

Result<std::vector<std::uint64_t>> order_keys(const KernelContext& context, const Tensor& tensor) {
    std::vector<std::uint64_t> keys(static_cast<std::size_t>(tensor.element_count()));
    DETECT_TRY(dispatch(context, tensor.type(), NumberAndBoolTypes{}, [&]<class T>() -> Result<void> {
        std::ranges::transform(tensor.data<T>(), keys.begin(), order_key<T>);
        return {};
    }));
    return keys;
}

struct Candidate {
    std::uint64_t key = 0;
    std::int64_t index = 0;
};

/// The first `count` of `candidates` in order of value (descending or ascending), equal ones by index.
void sort_first(std::vector<Candidate>& candidates, std::int64_t count, bool largest) {
    const auto before = [largest](const Candidate& a, const Candidate& b) {
        if (a.key != b.key) return (a.key > b.key) == largest;
        return a.index < b.index;
    };
    const auto middle = candidates.begin() + count;
    if (middle != candidates.end()) std::nth_element(candidates.begin(), middle, candidates.end(), before);
    std::sort(candidates.begin(), middle, before);
}

Result<void> top_k(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const values, allocate_inferred(context));
    const Dims& kept = values->dims();
    DETECT_TRY_ASSIGN(Tensor* const indices, context.allocate(1, DataType::int64, kept));
    const Tensor& input = context.input(0);
    const Dims& dims = input.dims();
    const std::size_t axis = from_front(context.node().int_or("axis", -1), dims.rank());
    const bool largest = context.node().int_or("largest", 1) != 0;
    const std::int64_t outer = extent(dims, 0, axis);
    const std::int64_t inner = extent(dims, axis + 1, dims.rank());
    const std::int64_t count = kept[axis];
    if (values->element_count() == 0) return {};
    DETECT_TRY_ASSIGN(const auto keys, order_keys(context, input));
    const std::size_t size = element_size(input.type());
    const std::byte* const from = input.bytes().data();
    std::byte* const value_out = values->mutable_bytes().data();
    const auto index_out = indices->mutable_data<std::int64_t>();
    std::vector<Candidate> line(static_cast<std::size_t>(dims[axis]));
    for (std::int64_t o = 0; o < outer; ++o) {
        for (std::int64_t i = 0; i < inner; ++i) {
            const auto at = [&](std::int64_t length, std::int64_t position) {
                return static_cast<std::size_t>((o * length + position) * inner + i);
            };
            std::int64_t position = 0;
            for (Candidate& candidate : line) {
                candidate = {keys[at(dims[axis], position)], position};
                ++position;
            }
            sort_first(line, count, largest);
            for (std::int64_t k = 0; k < count; ++k) {
                const std::int64_t index = line[static_cast<std::size_t>(k)].index;
                std::memcpy(value_out + at(count, k) * size, from + at(dims[axis], index) * size, size);
                index_out[at(count, k)] = index;
            }
        }
    }
    return {};
}

Result<void> non_zero(KernelContext& context) {
    DETECT_TRY(infer_outputs(context));
    const Tensor& input = context.input(0);
    const Dims& dims = input.dims();
    return dispatch(context, input.type(), NumberAndBoolTypes{}, [&]<class T>() -> Result<void> {
        const auto data = input.data<T>();
        const auto zeros = std::ranges::count(data, T{0});
        const std::int64_t found = input.element_count() - static_cast<std::int64_t>(zeros);
        DETECT_TRY_ASSIGN(Tensor* const output,
                          context.allocate(0, DataType::int64, Dims{static_cast<std::int64_t>(dims.rank()), found}));
        const auto coordinates = output->mutable_data<std::int64_t>();
        std::size_t column = 0;
        for (std::size_t i = 0; i < data.size(); ++i) {
            if (data[i] == T{0}) continue;
            auto rest = static_cast<std::int64_t>(i);
            for (std::size_t axis = dims.rank(); axis-- > 0;) {
                coordinates[axis * static_cast<std::size_t>(found) + column] = rest % dims[axis];
                rest /= dims[axis];
            }
            ++column;
        }
        return {};
    });
}

Result<void> compress(KernelContext& context) {
    DETECT_TRY(infer_outputs(context));
    const Tensor& input = context.input(0);
    const auto* named = context.node().attribute<std::int64_t>("axis");
    // Without an axis, the tensor counts as a vector.
    const Dims dims = named == nullptr ? Dims{input.element_count()} : input.dims();
    const std::size_t axis = named == nullptr ? 0 : from_front(*named, dims.rank());
    const auto condition = context.input(1).data<bool>();
    std::vector<std::int64_t> chosen;
    for (std::size_t i = 0; i < condition.size(); ++i) {
        if (!condition[i]) continue;
        if (static_cast<std::int64_t>(i) >= dims[axis]) return context.error("the condition is longer than the axis");
        chosen.push_back(static_cast<std::int64_t>(i));
    }
    Dims output_dims = dims;
    output_dims[axis] = static_cast<std::int64_t>(chosen.size());
    DETECT_TRY_ASSIGN(Tensor* const output, context.allocate(0, input.type(), output_dims));
    const std::size_t block =
        static_cast<std::size_t>(extent(dims, axis + 1, dims.rank())) * element_size(input.type());
    if (output->byte_count() == 0) return {};
    std::byte* target = output->mutable_bytes().data();
    for (std::int64_t o = 0; o < extent(dims, 0, axis); ++o) {
        for (const std::int64_t index : chosen) {
            std::memcpy(target, input.bytes().data() + static_cast<std::size_t>(o * dims[axis] + index) * block, block);
            target += block;
        }
    }
    return {};
}

/// Indices outside [-depth, depth) leave their line at the off value.
Result<void> one_hot(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& indices = context.input(0);
    const Dims& dims = output->dims();
    const std::size_t axis = from_front(context.node().int_or("axis", -1), dims.rank());
    const std::int64_t depth = dims[axis];
    const std::int64_t inner = extent(dims, axis + 1, dims.rank());
    const std::size_t size = element_size(output->type());
    const std::byte* const off = context.input(2).bytes().data();
    std::byte* const target = output->mutable_bytes().data();
    for (std::int64_t i = 0; i < output->element_count(); ++i)
        std::memcpy(target + static_cast<std::size_t>(i) * size, off, size);
    return dispatch(context, indices.type(), NumberTypes{}, [&]<class T>() -> Result<void> {
        const auto values = indices.data<T>();
        for (std::size_t i = 0; i < values.size(); ++i) {
            std::int64_t index = convert<std::int64_t>(values[i]);
            if (index < 0 && index >= -depth) index += depth;
            if (index < 0 || index >= depth) continue;
            const auto position = static_cast<std::int64_t>(i);
            const std::int64_t at = (position / inner * depth + index) * inner + position % inner;
            std::memcpy(target + static_cast<std::size_t>(at) * size, off + size, size);
        }
        return {};
    });
}

/// What Unique found: for each distinct slice its first position and how often it stands there; for each slice which
/// distinct one it is.
struct Distinct {
    std::vector<std::int64_t> first;
    std::vector<std::int64_t> counts;
    std::vector<std::int64_t> inverse;
};

template <class Before>
Distinct find_distinct(std::int64_t count, bool sorted, Before before) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, before);
    Distinct result;
    result.inverse.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (i == 0 || before(order[i - 1], order[i])) {
            result.first.push_back(order[i]);
            result.counts.push_back(0);
        }
        ++result.counts.back();
        result.inverse[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(result.first.size()) - 1;
    }
    if (sorted) return result;
    // Unsorted means in order of first appearance.
    std::vector<std::size_t> rank(result.first.size());
    std::iota(rank.begin(), rank.end(), 0);
    std::ranges::sort(rank, {}, [&](std::size_t i) { return result.first[i]; });
    Distinct reordered;
    std::vector<std::int64_t> place(rank.size());
    for (std::size_t i = 0; i < rank.size(); ++i) {
        reordered.first.push_back(result.first[rank[i]]);
        reordered.counts.push_back(result.counts[rank[i]]);
        place[rank[i]] = static_cast<std::int64_t>(i);
    }
    for (const std::int64_t i : result.inverse) reordered.inverse.push_back(place[static_cast<std::size_t>(i)]);
    return reordered;
}

Result<void> store_indices(KernelContext& context, std::size_t output, const std::vector<std::int64_t>& values) {
    if (!context.wants_output(output)) return {};
    DETECT_TRY_ASSIGN(Tensor* const tensor,
                      context.allocate(output, DataType::int64, Dims{static_cast<std::int64_t>(values.size())}));
    std::ranges::copy(values, tensor->mutable_data<std::int64_t>().begin());
    return {};
}

Result<void> unique(KernelContext& context) {
    DETECT_TRY(infer_outputs(context));
    const Tensor& input = context.input(0);
    const auto* named = context.node().attribute<std::int64_t>("axis");
    const Dims dims = named == nullptr ? Dims{input.element_count()} : input.dims();
    const std::size_t axis = named == nullptr ? 0 : from_front(*named, dims.rank());
    const bool sorted = context.node().int_or("sorted", 1) != 0;
    const std::int64_t outer = extent(dims, 0, axis);
    const std::int64_t inner = extent(dims, axis + 1, dims.rank());
    DETECT_TRY_ASSIGN(const auto keys, order_keys(context, input));
    const auto at = [&](std::int64_t o, std::int64_t slice, std::int64_t i) {
        return static_cast<std::size_t>((o * dims[axis] + slice) * inner + i);
    };
    const auto before = [&](std::int64_t a, std::int64_t b) {
        for (std::int64_t o = 0; o < outer; ++o) {
            for (std::int64_t i = 0; i < inner; ++i) {
                const std::uint64_t left = keys[at(o, a, i)];
                const std::uint64_t right = keys[at(o, b, i)];
                if (left != right) return left < right;
            }
        }
        return false;
    };
    const Distinct distinct = find_distinct(dims[axis], sorted, before);
    Dims output_dims = dims;
    output_dims[axis] = static_cast<std::int64_t>(distinct.first.size());
    DETECT_TRY_ASSIGN(Tensor* const output, context.allocate(0, input.type(), output_dims));
    const std::size_t size = element_size(input.type());
    const std::size_t block = static_cast<std::size_t>(inner) * size;
    std::byte* target = output->mutable_bytes().data();
    for (std::int64_t o = 0; output->byte_count() > 0 && o < outer; ++o) {
        for (const std::int64_t slice : distinct.first) {
            std::memcpy(target, input.bytes().data() + at(o, slice, 0) * size, block);
            target += block;
        }
    }
    DETECT_TRY(store_indices(context, 1, distinct.first));
    DETECT_TRY(store_indices(context, 2, distinct.inverse));
    return store_indices(context, 3, distinct.counts);
}

} // namespace

std::vector<KernelEntry> selection_kernels() {
    return {
        {"Compress", compress}, {"NonZero", non_zero}, {"OneHot", one_hot}, {"TopK", top_k}, {"Unique", unique},
    };
}

} // namespace detect::reference
