#include "floats.hpp"

#include <vector>

namespace aiocollect::detail {
namespace {

// A natural number, the least significant word first.
using Natural = std::vector<uint32_t>;

void multiply(Natural& number, uint32_t factor) {
    uint64_t carry = 0;
    for (uint32_t& word : number) {
        carry += uint64_t{word} * factor;
        word = static_cast<uint32_t>(carry);
        carry >>= 32;
    }
    if (carry) {
        number.push_back(static_cast<uint32_t>(carry));
    }
}

int bits(const Natural& number) {
    return static_cast<int>(number.size() - 1) * 32 + (32 - __builtin_clz(number.back()));
}

// The top 128 bits of `number`, rounded up; zeros follow where it has fewer.
uint128 top(const Natural& number) {
    const int length = bits(number);
    uint128 found = 0;
    for (int bit = length - 1; bit >= length - 128; --bit) {
        found <<= 1;
        if (bit >= 0) {
            found |= number[static_cast<size_t>(bit) / 32] >> (bit % 32) & 1;
        }
    }
    for (int bit = length - 129; bit >= 0; --bit) {
        if (number[static_cast<size_t>(bit) / 32] >> (bit % 32) & 1) {
            return found + 1;
        }
    }
    return found;
}

// The top 128 bits of 1 / `number`, rounded up; `number` is a power of ten above 1, so it never ends.
uint128 top_of_inverse(const Natural& number) {
    Natural rest((number.size() + 2), 0);
    const int length = bits(number) - 1;  // 2^length <= number
    rest[static_cast<size_t>(length) / 32] = uint32_t{1} << (length % 32);
    uint128 found = 0;
    int wanted = 128;
    bool begun = false;
    while (wanted > 0) {
        bool not_less = true;
        for (size_t i = rest.size(); i-- > 0;) {
            const uint32_t word = i < number.size() ? number[i] : 0;
            if (rest[i] != word) {
                not_less = rest[i] > word;
                break;
            }
        }
        if (not_less) {
            int64_t borrow = 0;
            for (size_t i = 0; i < rest.size(); ++i) {
                const uint32_t word = i < number.size() ? number[i] : 0;
                int64_t difference = int64_t{rest[i]} - word + borrow;
                borrow = difference < 0 ? -1 : 0;
                rest[i] = static_cast<uint32_t>(difference);
            }
        }
        begun = begun || not_less;
        if (begun) {
            found = found << 1 | not_less;
            --wanted;
        }
        uint32_t carry = 0;
        for (uint32_t& word : rest) {
            const uint32_t next = word >> 31;
            word = word << 1 | carry;
            carry = next;
        }
    }
    return found + 1;
}

Powers made() {
    Powers table;
    const auto keep = [&table](int k, uint128 g) {
        table.of[k - kLeast] = {static_cast<uint64_t>(g >> 64), static_cast<uint64_t>(g)};
    };
    Natural power{1};
    for (int k = 0; k <= kMost; ++k) {
        keep(k, top(power));
        if (k > 0 && -k >= kLeast) {
            keep(-k, top_of_inverse(power));
        }
        multiply(power, 10);
    }
    return table;
}

Moved moved() {
    Moved table;
    for (int q = kLeastQ; q <= kMostQ; ++q) {
        const int k = floor_log10_pow2(q), h = q + floor_log2_pow10(-k) + 1;  // 1 to 4
        const auto [high, low] = power(-k);
        const uint128 found = (uint128{high} << 64 | low) >> (5 - h);
        table.of[q - kLeastQ] = {static_cast<uint64_t>(found >> 64), static_cast<uint64_t>(found)};
    }
    return table;
}

}  // namespace

const Powers kPowers = made();
const Moved kMoved = moved();

}  // namespace aiocollect::detail
