// Shortest decimal text of doubles and floats that reads back equal, laid out as orjson does: doubles
// without an exponent for 1e-5 <= |x| < 1e16, floats for 1e-6 <= |x| < 1e13, else d.ddde+x or
// d.ddde-x. No Python, no allocation, no locale.
//
// Digits come from Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020): one
// multiplication by a power of ten of 128 bits decides between the candidates. The powers are
// computed once, exactly, when the library is loaded.

#pragma once

#include <cstdint>
#include <cstring>

namespace aiocollect {

struct Decimal {
    uint64_t digits;  // without trailing zeros
    int exponent;     // of ten, for the last digit
};

// The longest text, "-1.7976931348623157e-308", has 24 bytes; but so many after its begin may be
// written to, since digits are moved 16 at a time.
constexpr int kFloatText = 40;

namespace detail {

using uint128 = unsigned __int128;

constexpr int kLeast = -324, kMost = 341;  // powers of ten that doubles need, with a margin

struct Powers {
    uint64_t high[kMost - kLeast + 1];
    uint64_t low[kMost - kLeast + 1];
};

// g(k) = ceil(10^k * 2^-r) with 2^127 <= g < 2^128, by exact arithmetic on big integers.
const Powers& powers();

inline int floor_log10_pow2(int e) { return static_cast<int>((int64_t{e} * 1262611) >> 22); }
inline int floor_log10_three_quarters_pow2(int e) {
    return static_cast<int>((int64_t{e} * 1262611 - 524031) >> 22);
}
inline int floor_log2_pow10(int e) { return static_cast<int>((int64_t{e} * 1741647) >> 19); }

// The high bits of g * cp / 2^128, with a sticky last bit.
inline uint64_t round_to_odd(uint64_t high, uint64_t low, uint64_t cp) {
    uint128 x = uint128{low} * cp;
    uint128 y = uint128{high} * cp + static_cast<uint64_t>(x >> 64);
    uint64_t y0 = static_cast<uint64_t>(y), y1 = static_cast<uint64_t>(y >> 64);
    return y1 | (y0 > 1);
}

// `c * 2^q`, where `even_ok` says that the bounds round to it and `irregular` that it is a power of
// two, whose lower neighbour is nearer.
inline Decimal shortest(uint64_t c, int q, bool irregular) {
    const bool out = c & 1;  // the bounds do not round to an odd one
    const uint64_t cbl = 4 * c - 2 + irregular, cb = 4 * c, cbr = 4 * c + 2;
    const int k = irregular ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
    const int h = q + floor_log2_pow10(-k) + 1;
    const Powers& table = powers();
    const uint64_t high = table.high[-k - kLeast], low = table.low[-k - kLeast];
    const uint64_t vbl = round_to_odd(high, low, cbl << h);
    const uint64_t vb = round_to_odd(high, low, cb << h);
    const uint64_t vbr = round_to_odd(high, low, cbr << h);
    const uint64_t lower = vbl + out, upper = vbr - out;
    const uint64_t s = vb / 4;
    if (s >= 10) {
        const uint64_t sp = s / 10;
        const bool up_inside = lower <= 40 * sp, wp_inside = 40 * sp + 40 <= upper;
        if (up_inside != wp_inside) {
            return {sp + wp_inside, k + 1};
        }
    }
    const bool u_inside = lower <= 4 * s, w_inside = 4 * s + 4 <= upper;
    if (u_inside != w_inside) {
        return {s + w_inside, k};
    }
    const uint64_t mid = 4 * s + 2;
    const bool up = vb > mid || (vb == mid && (s & 1));
    return {s + up, k};
}

inline Decimal trimmed(Decimal d) {
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent += 1;
    }
    return d;
}

inline constexpr char kPairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

// Writes the digits of `value` (above 0) so that they end at `end`; returns where they begin.
inline char* write_back(char* end, uint64_t value) {
    while (value >= 100) {
        const unsigned pair = static_cast<unsigned>(value % 100);
        value /= 100;
        end -= 2;
        std::memcpy(end, kPairs + 2 * pair, 2);
    }
    if (value >= 10) {
        end -= 2;
        std::memcpy(end, kPairs + 2 * value, 2);
    } else {
        *--end = static_cast<char>('0' + value);
    }
    return end;
}

// The eight digits of a number below 10^8, the first one in the lowest byte: halves, then pairs, then
// digits are parted in all places at once (Paul Khuong, "How to print integers really fast", 2017).
inline uint64_t eight_digits(uint64_t value) {
    const uint64_t halves = value / 10'000 | value % 10'000 << 32;
    const uint64_t hundreds = (halves * 10'486 >> 20) & 0x7F'0000'007F;
    const uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
    const uint64_t tens = (pairs * 103 >> 10) & 0x000F'000F'000F'000F;
    return tens | (pairs - 10 * tens) << 8;
}

// As write_back(), for many digits: writes to as many as 24 bytes before `end`.
inline char* write_many_back(char* end, uint64_t value) {
    uint64_t digits;
    do {
        digits = eight_digits(value % 100'000'000);
        value /= 100'000'000;
        end -= 8;
        const uint64_t text = digits | 0x3030'3030'3030'3030;
        std::memcpy(end, &text, sizeof text);
    } while (value);
    return end + __builtin_ctzll(digits) / 8;
}

}  // namespace detail

// Appends an unsigned integer; returns the end.
inline char* write_uint(char* out, uint64_t value) {
    char buffer[20];
    char* begin = detail::write_back(buffer + 20, value);
    const size_t length = static_cast<size_t>(buffer + 20 - begin);
    std::memcpy(out, begin, length);
    return out + length;
}

inline char* write_int(char* out, int64_t value) {
    uint64_t magnitude = static_cast<uint64_t>(value);
    if (value < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    return write_uint(out, magnitude);
}

// Where a number is written without an exponent: from 10^-`small` up to 10^`great`.
struct Fixed {
    int small, great;
};
constexpr Fixed kDouble{5, 16}, kFloat{6, 13};

// Lays a finite number out; `d.digits` is not 0.
inline char* write_decimal(char* out, Decimal d, Fixed fixed) {
    d = detail::trimmed(d);
    char buffer[24 + 16];  // digits, and what a move of 16 may read after them
    std::memset(buffer + 24, '0', 16);
    char* begin = detail::write_many_back(buffer + 24, d.digits);
    const int length = static_cast<int>(buffer + 24 - begin);
    const int point = length + d.exponent;  // digits before the point
    if (point > 0 && point <= fixed.great) {
        if (length <= point) {
            std::memcpy(out, begin, 16);  // with the zeros that follow
            out += point;
            *out++ = '.';
            *out++ = '0';
            return out;
        }
        std::memcpy(out, begin, 16);
        out[point] = '.';
        std::memcpy(out + point + 1, begin + point, 16);
        return out + length + 1;
    }
    if (point <= 0 && point > -fixed.small) {
        *out++ = '0';
        *out++ = '.';
        std::memset(out, '0', static_cast<size_t>(-point));
        out += -point;
        std::memcpy(out, begin, static_cast<size_t>(length));
        return out + length;
    }
    *out++ = begin[0];
    if (length > 1) {
        *out++ = '.';
        std::memcpy(out, begin + 1, static_cast<size_t>(length - 1));
        out += length - 1;
    }
    *out++ = 'e';
    if (point > 0) {
        *out++ = '+';
    }
    return write_int(out, point - 1);
}

// A finite double or float, at most kFloatText bytes.
inline char* write_double(char* out, double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (bits >> 63) {
        *out++ = '-';
    }
    const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
    if ((bits << 1) == 0) {
        std::memcpy(out, "0.0", 3);
        return out + 3;
    }
    const uint64_t c = exponent ? fraction | uint64_t{1} << 52 : fraction;
    const int q = exponent ? exponent - 1075 : -1074;
    if (q <= 0 && q > -53 && (c & ((uint64_t{1} << -q) - 1)) == 0) {
        return write_decimal(out, {c >> -q, 0}, kDouble);  // a whole number below 2^53
    }
    return write_decimal(out, detail::shortest(c, q, fraction == 0 && exponent > 1), kDouble);
}

inline char* write_float(char* out, float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (bits >> 31) {
        *out++ = '-';
    }
    const uint32_t fraction = bits & ((uint32_t{1} << 23) - 1);
    const int exponent = static_cast<int>(bits >> 23 & 0xff);
    if ((bits << 1) == 0) {
        std::memcpy(out, "0.0", 3);
        return out + 3;
    }
    const uint64_t c = exponent ? fraction | uint32_t{1} << 23 : fraction;
    const int q = exponent ? exponent - 150 : -149;
    return write_decimal(out, detail::shortest(c, q, fraction == 0 && exponent > 1), kFloat);
}

}  // namespace aiocollect
