// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/kernel.h"
#include "executor/reference/kernel_families.h"
#include "graph/operators.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace detect {

namespace {

TEST(ReferenceKernels, CoverTheOperatorsExactly) {
    std::set<std::string> known;
    for (const Operator& op : operators()) {
        EXPECT_TRUE(known.insert(std::string(op.domain) + "." + std::string(op.name)).second) << op.name << " twice";
        EXPECT_NE(find_reference_kernel(op.domain, op.name), nullptr) << op.name << " has a rule, but no kernel";
        EXPECT_NE(op.infer, nullptr) << op.name;
    }
    std::set<std::string> kernels;
    for (const reference::KernelEntry& entry : reference::kernels()) {
        EXPECT_TRUE(kernels.insert(std::string(entry.domain) + "." + std::string(entry.op)).second)
            << entry.op << " twice";
        EXPECT_NE(find_operator(entry.domain, entry.op), nullptr) << entry.op << " has a kernel, but no rule";
    }
    EXPECT_EQ(known, kernels);
    EXPECT_GT(known.size(), 120U);
}

TEST(ReferenceKernels, AnUnknownOperatorHasNone) {
    EXPECT_EQ(find_reference_kernel("", "Ad"), nullptr);
    EXPECT_EQ(find_reference_kernel("com.example", "Add"), nullptr);
    EXPECT_EQ(find_reference_kernel("", "Zzz"), nullptr);
}

} // namespace

} // namespace detect
