// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace detect::reference {

namespace {

/// A total order even with NaN, which stands above every number.
template <class T>
bool above(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
        if (a != a) return b == b;
    }
    return a > b;
}

template <class T>
struct Candidate {
    T value;
    std::int64_t index;
};

/// The first `count` of `candidates` in order of value (descending or ascending), equal ones by index.
template <class T>
void sort_first(std::vector<Candidate<T>>& candidates, std::int64_t count, bool largest) {
    const auto before = [largest](const Candidate<T>& a, const Candidate<T>& b) {
        if (above(a.value, b.value)) return largest;
        if (above(b.value, a.value)) return !largest;
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
    return dispatch(context, input.type(), NumberTypes{}, [&]<class T>() -> Result<void> {
        const T* const from = input.data<T>().data();
        T* const value_out = values->mutable_data<T>().data();
        std::int64_t* const index_out = indices->mutable_data<std::int64_t>().data();
        std::vector<Candidate<T>> line(static_cast<std::size_t>(dims[axis]));
        for (std::int64_t o = 0; count > 0 && o < outer; ++o) {
            for (std::int64_t i = 0; i < inner; ++i) {
                std::int64_t position = 0;
                for (Candidate<T>& candidate : line) {
                    candidate = {from[(o * dims[axis] + position) * inner + i], position};
                    ++position;
                }
                sort_first(line, count, largest);
                for (std::int64_t k = 0; k < count; ++k) {
                    const std::int64_t at = (o * count + k) * inner + i;
                    value_out[at] = line[static_cast<std::size_t>(k)].value;
                    index_out[at] = line[static_cast<std::size_t>(k)].index;
                }
            }
        }
        return {};
    });
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
    return dispatch(context, input.type(), NumberAndBoolTypes{}, [&]<class T>() -> Result<void> {
        const T* const data = input.data<T>().data();
        const auto at = [&](std::int64_t o, std::int64_t slice, std::int64_t i) {
            return data[(o * dims[axis] + slice) * inner + i];
        };
        const auto before = [&](std::int64_t a, std::int64_t b) {
            for (std::int64_t o = 0; o < outer; ++o) {
                for (std::int64_t i = 0; i < inner; ++i) {
                    if (above(at(o, b, i), at(o, a, i))) return true;
                    if (above(at(o, a, i), at(o, b, i))) return false;
                }
            }
            return false;
        };
        const Distinct distinct = find_distinct(dims[axis], sorted, before);
        Dims output_dims = dims;
        output_dims[axis] = static_cast<std::int64_t>(distinct.first.size());
        DETECT_TRY_ASSIGN(Tensor* const output, context.allocate(0, input.type(), output_dims));
        T* target = output->mutable_data<T>().data();
        for (std::int64_t o = 0; o < outer; ++o) {
            for (const std::int64_t slice : distinct.first) {
                for (std::int64_t i = 0; i < inner; ++i) *target++ = at(o, slice, i);
            }
        }
        DETECT_TRY(store_indices(context, 1, distinct.first));
        DETECT_TRY(store_indices(context, 2, distinct.inverse));
        return store_indices(context, 3, distinct.counts);
    });
}

} // namespace

std::vector<KernelEntry> selection_kernels() {
    return {
        {"Compress", compress}, {"NonZero", non_zero}, {"OneHot", one_hot}, {"TopK", top_k}, {"Unique", unique},
    };
}

} // namespace detect::reference
