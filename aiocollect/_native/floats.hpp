// Shortest decimal text of doubles and floats that reads back equal, laid out as orjson does: doubles
// without an exponent for 1e-5 <= |x| < 1e16, floats for 1e-6 <= |x| < 1e13, else d.ddde+x or
// d.ddde-x. No Python, no allocation, no locale.
//
// Digits come from Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020): one
// multiplication by a power of ten of 128 bits decides between the candidates. The powers are
// computed once, exactly, when the library is loaded. Nearly all numbers are decided by the first 60
// bits behind the point of that product; those that are too near to a bound go the whole way.
//
// What is written has no branch that depends on the number's digits, and nothing is read back from
// memory that was just written: either costs as much as the digits themselves.

#pragma once

#include <cstdint>
#include <cstring>

#include "digits.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace aiocollect {

struct Decimal {
    uint64_t digits;
    int exponent;  // of ten, for the last digit
};

// The longest text, "-1.7976931348623157e-308", has 24 bytes; but so many after its begin may be
// written to, since digits are written 16 at a time.
constexpr int kFloatText = 40;

namespace detail {

using uint128 = unsigned __int128;

constexpr int kLeast = -324, kMost = 341;  // powers of ten that doubles need, with a margin

// g(k) = ceil(10^k * 2^-r) with 2^127 <= g < 2^128, by exact arithmetic on big integers.
struct Power {
    uint64_t high, low;
};
struct Powers {
    Power of[kMost - kLeast + 1];
};
extern const Powers kPowers;

inline Power power(int k) { return kPowers.of[k - kLeast]; }

// For each power of two q that a double can have: g(-k) of its k, moved so that c << 5 can be
// multiplied with it.
constexpr int kLeastQ = -1074, kMostQ = 971;
struct Moved {
    Power of[kMostQ - kLeastQ + 1];
};
extern const Moved kMoved;

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
    const auto [high, low] = power(-k);
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

// The same where `c` has many bits and is no power of two; the digits may end with zeros.
//
// Let `s` be the number's whole part in units of 10^k, in which the distance of two neighbours is 1
// to 10. The multiple of ten below it, or the one above, is taken where it is not beyond half of
// that distance; else the nearest whole number. Both distances are compared with 60 bits behind the
// point, each of them at most two units too small.
inline Decimal nearly_shortest(uint64_t c, int q) {
    const int k = floor_log10_pow2(q);
    const auto [high, low] = kMoved.of[q - kLeastQ];
    const uint64_t cp = c << 5;
    const uint128 product = uint128{high} * cp + static_cast<uint64_t>(uint128{low} * cp >> 64);
    const uint64_t s = static_cast<uint64_t>(product >> 64), part = static_cast<uint64_t>(product);
    const uint64_t tens = s / 10 * 10;
    const uint64_t below = (s - tens) << 60 | part >> 4;
    const uint64_t above = (uint64_t{10} << 60) - below;
    const uint64_t half = high;
    const uint64_t down = below < half, up = above < half;
    const uint64_t nearest = s - tens + (part >> 63);
    const bool near = below - half + 4 <= 8 || above - half + 4 <= 8 ||
                      part - (uint64_t{1} << 63) + 4 <= 8;
    if (__builtin_expect(near, false)) {
        const Decimal d = shortest(c, q, false);
        return {d.exponent > k ? 10 * d.digits : d.digits, k};
    }
    // As arithmetic, since these are no better to foretell than a coin.
    return {tens + ((down - 1) & (nearest + (-up & (10 - nearest)))), k};
}

}  // namespace detail

// Where a number is written without an exponent: from 10^-`small` up to 10^`great`.
struct Fixed {
    int small, great;
};
constexpr Fixed kDouble{5, 16}, kFloat{6, 13};

namespace detail {

// Sixteen digits as text, which is only ever written: where it is read back soon after, the
// processor waits for the write.
#ifdef __SSE2__
inline constexpr char kHead[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

class Sixteen {
  public:
    // Of two numbers below 10^8. All lanes are parted at once, as in eight_digits().
    Sixteen(uint64_t high, uint64_t low) {
        const __m128i both = _mm_set_epi64x(static_cast<int64_t>(low), static_cast<int64_t>(high));
        const __m128i upper = _mm_srli_epi64(_mm_mul_epu32(both, _mm_set1_epi64x(3'518'437'209)), 45);
        const __m128i lower = _mm_sub_epi32(both, _mm_mul_epu32(upper, _mm_set1_epi64x(10'000)));
        const __m128i fours = _mm_or_si128(upper, _mm_slli_epi64(lower, 32));
        const __m128i hundreds = _mm_srli_epi16(_mm_mulhi_epu16(fours, _mm_set1_epi16(5'243)), 3);
        const __m128i pairs = _mm_add_epi16(
            _mm_slli_epi32(fours, 16),
            _mm_sub_epi16(hundreds, _mm_slli_epi32(_mm_mullo_epi16(hundreds, _mm_set1_epi16(100)), 16)));
        const __m128i tens = _mm_mulhi_epu16(pairs, _mm_set1_epi16(6'554));
        const __m128i digits = _mm_add_epi16(
            _mm_slli_epi16(pairs, 8),
            _mm_sub_epi16(tens, _mm_slli_epi16(_mm_mullo_epi16(tens, _mm_set1_epi16(10)), 8)));
        const int some = _mm_movemask_epi8(_mm_cmpgt_epi8(digits, _mm_setzero_si128()));
        count = 32 - __builtin_clz(2 * some | 1) - 1;
        text_ = _mm_or_si128(digits, _mm_set1_epi8('0'));
    }
    void write(char* out) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(out), text_); }

    // The same with a point behind the first `before`; from 16 on there is none. Writes 17 bytes.
    void write_with_point(char* out, int before) const {
        const char* const from = kHead + 16 - before;
        const __m128i head = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        const __m128i tail = _mm_andnot_si128(head, _mm_slli_si128(text_, 1));
        write(out + 1);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                         _mm_or_si128(_mm_and_si128(head, text_), tail));
        out[before] = '.';
    }

    int count;  // digits up to the last one that is not 0

  private:
    __m128i text_;
};
#else
class Sixteen {
  public:
    Sixteen(uint64_t high, uint64_t low) {
        constexpr uint64_t kZeros = 0x3030'3030'3030'3030;
        high = eight_digits(high);
        low = eight_digits(low);
        count = low ? 16 - __builtin_clzll(low) / 8 : high ? 8 - __builtin_clzll(high) / 8 : 0;
        text_ = uint128{low | kZeros} << 64 | (high | kZeros);
    }
    void write(char* out) const { std::memcpy(out, &text_, sizeof text_); }
    void write_with_point(char* out, int before) const {
        write(out);
        if (before < 16) {
            const uint128 moved = text_ >> (8 * before);
            out[before] = '.';
            std::memcpy(out + before + 1, &moved, sizeof moved);
        }
    }
    int count;

  private:
    uint128 text_;
};
#endif

}  // namespace detail

// Lays a number out that has 17 digits; zeros at their end are not written.
inline char* write_decimal(char* out, Decimal d, Fixed fixed) {
    const uint64_t head = d.digits / 100'000'000, first = d.digits / 10'000'000'000'000'000;
    const detail::Sixteen rest(head - first * 100'000'000, d.digits - head * 100'000'000);
    const int point = 17 + d.exponent;  // digits before the point
    if (__builtin_expect(point > -fixed.small && point <= fixed.great, true)) {
        const int whole = point > 0, before = whole ? point - 1 : 16;
        std::memcpy(out, "0.000000", 8);
        char* const begin = out + (whole ? 0 : 2 - point);
        *begin = static_cast<char>('0' + first);
        rest.write_with_point(begin + 1, before);
        const int least = whole ? point : -1;  // a digit behind the point
        return begin + 1 + whole + (rest.count > least ? rest.count : least);
    }
    out[0] = static_cast<char>('0' + first);
    out[1] = '.';
    rest.write(out + 2);
    out += rest.count ? rest.count + 2 : 1;
    *out++ = 'e';
    if (point > 0) {
        *out++ = '+';
    }
    return write_int(out, point - 1);
}

// A number whose digits are found. No `digits`: it is 0, a power of two, subnormal or not finite, and
// goes by write_rare().
struct Prepared {
    uint64_t digits;
    int exponent;
    uint32_t sign;  // 1: below zero
};

namespace detail {

inline Decimal of_17_digits(Decimal d) {
    constexpr uint64_t kBy[] = {100'000'000, 10'000, 100, 10, 10};  // 16 zeros, at most
    constexpr int kMore[] = {8, 4, 2, 1, 1};
    for (int i = 0; i < 5; ++i) {
        if (d.digits < 100'000'000'000'000'000 / kBy[i]) {
            d.digits *= kBy[i];
            d.exponent -= kMore[i];
        }
    }
    return d;
}

// `fraction` and `exponent` as they are stored.
template <int kFractionBits, int kBias>
char* lay_out(char* out, uint64_t sign, uint64_t fraction, int exponent, Fixed fixed) {
    *out = '-';
    out += sign;
    if (!fraction && !exponent) {
        std::memcpy(out, "0.0", 3);
        return out + 3;
    }
    const uint64_t c = exponent ? fraction | uint64_t{1} << kFractionBits : fraction;
    const int q = (exponent ? exponent : 1) - kBias - kFractionBits;
    return write_decimal(out, of_17_digits(shortest(c, q, fraction == 0 && exponent > 1)), fixed);
}

inline uint64_t bits_of(double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
constexpr uint64_t kFraction = (uint64_t{1} << 52) - 1;

}  // namespace detail

inline Prepared prepared(double value) {
    const uint64_t bits = detail::bits_of(value), fraction = bits & detail::kFraction;
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
    if (__builtin_expect(fraction == 0 || exponent == 0 || exponent == 0x7ff, false)) {
        return {0, 0, 0};
    }
    const Decimal d = detail::nearly_shortest(fraction | uint64_t{1} << 52, exponent - 1075);
    const int lacks = d.digits < 10'000'000'000'000'000;  // it has 16 or 17
    return {d.digits * static_cast<uint64_t>(1 + 9 * lacks), d.exponent - lacks,
            static_cast<uint32_t>(bits >> 63)};
}

inline char* write_prepared(char* out, Prepared found) {
    *out = '-';
    return write_decimal(out + found.sign, {found.digits, found.exponent}, kDouble);
}

// A finite double that prepared() finds no digits of.
inline char* write_rare(char* out, double value) {
    const uint64_t bits = detail::bits_of(value);
    return detail::lay_out<52, 1023>(out, bits >> 63, bits & detail::kFraction,
                                        static_cast<int>(bits >> 52 & 0x7ff), kDouble);
}

// A finite double or float, at most kFloatText bytes.
inline char* write_double(char* out, double value) {
    const Prepared found = prepared(value);
    return found.digits ? write_prepared(out, found) : write_rare(out, value);
}

inline char* write_float(char* out, float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t fraction = bits & ((uint32_t{1} << 23) - 1);
    const int exponent = static_cast<int>(bits >> 23 & 0xff);
    if (fraction == 0 || exponent == 0) {
        return detail::lay_out<23, 127>(out, bits >> 31, fraction, exponent, kFloat);
    }
    *out = '-';
    Decimal d = detail::nearly_shortest(fraction | uint32_t{1} << 23, exponent - 150);
    constexpr uint64_t kBy[] = {100'000'000, 1'000'000'000, 10'000'000'000};
    const int lacks = (d.digits < 100'000'000) + (d.digits < 10'000'000);  // it has 7 to 9
    return write_decimal(out + (bits >> 31), {d.digits * kBy[lacks], d.exponent - 8 - lacks}, kFloat);
}

}  // namespace aiocollect
