// Whole numbers as text, decimal and hexadecimal. No Python.

#pragma once

#include <cstdint>
#include <cstring>

namespace aiocollect {

inline constexpr char kHex[] = "0123456789abcdef";

// The eight hexadecimal digits of `value` as text, the first one in the lowest byte. All at once:
// half-words, bytes and digits are parted in turn, and those above 9 go on at 'a'.
inline uint64_t hex_text(uint32_t value) {
    uint64_t digits = value >> 16 | uint64_t{value & 0xFFFF} << 32;
    digits = (digits >> 8 & 0x000000FF'000000FF) | (digits & 0x000000FF'000000FF) << 16;
    digits = (digits >> 4 & 0x000F000F'000F000F) | (digits & 0x000F000F'000F000F) << 8;
    const uint64_t letters = (digits + 0x06060606'06060606) >> 4 & 0x01010101'01010101;
    return digits + 0x30303030'30303030 + letters * ('a' - '0' - 10);
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

// Appends an unsigned integer; returns the end. May write to as many as 7 bytes after it.
inline char* write_uint(char* out, uint64_t value) {
    constexpr uint64_t kZeros = 0x3030'3030'3030'3030, kEight = 100'000'000;
    if (value < 10) {
        *out = static_cast<char>('0' + value);
        return out + 1;
    }
    if (value >= kEight) {
        out = write_uint(out, value / kEight);
        const uint64_t text = eight_digits(value % kEight) | kZeros;
        std::memcpy(out, &text, sizeof text);
        return out + sizeof text;
    }
    const uint64_t digits = eight_digits(value);
    const int blank = __builtin_ctzll(digits) / 8;
    const uint64_t text = (digits | kZeros) >> (8 * blank);
    std::memcpy(out, &text, sizeof text);
    return out + 8 - blank;
}

inline char* write_int(char* out, int64_t value) {
    uint64_t magnitude = static_cast<uint64_t>(value);
    if (value < 0) {
        *out++ = '-';
        magnitude = 0 - magnitude;
    }
    return write_uint(out, magnitude);
}

}  // namespace aiocollect
