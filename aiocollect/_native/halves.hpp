// Floats of 16 bits with the digits that they are written with: the shortest text that reads back
// as the number, and of several the nearest (_values/interop/exact.py: narrow). No Python.

#pragma once

#include <cmath>
#include <cstdint>

namespace aiocollect {

namespace detail {

// The number of these 15 bits; one above the largest for those of infinity.
inline double magnitude(uint32_t bits) {
    const int exponent = static_cast<int>(bits >> 10);
    const double digits = bits & 0x3FF;
    return exponent ? std::ldexp(digits + 1024, exponent - 25) : std::ldexp(digits, -24);
}

inline constexpr double kTens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13};

// digits * 10 ** exponent, correctly rounded.
inline double decimal(double digits, int exponent) {
    return exponent < 0 ? digits / kTens[-exponent] : digits * kTens[exponent];
}

}  // namespace detail

// The double that has the half's shortest text.
inline double double_of_half(uint16_t half) {
    using namespace detail;
    const uint32_t bits = half & 0x7FFF;
    const double sign = half & 0x8000 ? -1 : 1;
    if (bits > 0x7C00) {
        return NAN;
    }
    if (bits == 0x7C00) {
        return sign * INFINITY;
    }
    if (bits == 0) {
        return sign * 0.0;
    }
    const double value = magnitude(bits);
    const double low = (value + magnitude(bits - 1)) / 2, high = (value + magnitude(bits + 1)) / 2;
    const bool even = !(bits & 1);
    int exponent = 4;  // of the first digit
    while (value < decimal(1, exponent)) {
        --exponent;
    }
    // Below a power of two neighbours are twice as near: the next text may read back too.
    const int more = bits & 0x3FF ? 0 : 1;
    for (int count = 1; count <= 5; ++count) {
        const int unit = exponent - count + 1;
        const double digits = std::nearbyint(decimal(value, -unit));
        for (int step = 0; step <= more; ++step) {
            const double found = decimal(digits + step, unit);
            if ((low < found && found < high) || (even && (found == low || found == high))) {
                return sign * found;
            }
        }
    }
    return sign * value;
}

}  // namespace aiocollect
