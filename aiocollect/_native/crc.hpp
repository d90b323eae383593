// CRC-32 of zlib and PNG (RFC 1952, section 8). No Python.
//
// Where the processor multiplies without carries, 64 bytes are folded at a time, as V. Gopal and
// others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009),
// describe: whatever was read becomes 16 bytes with the same remainder, which the tables finish.
// A tenth of the tables' time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#define AIOCOLLECT_FOLDS 1
#include <immintrin.h>
#endif

namespace aiocollect {

namespace detail {

struct CrcTables {
    uint32_t of[8][256];

    CrcTables() {
        for (uint32_t byte = 0; byte < 256; ++byte) {
            uint32_t value = byte;
            for (int bit = 0; bit < 8; ++bit) {
                value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
            }
            of[0][byte] = value;
        }
        for (uint32_t byte = 0; byte < 256; ++byte) {
            for (int table = 1; table < 8; ++table) {
                const uint32_t before = of[table - 1][byte];
                of[table][byte] = of[0][before & 0xFF] ^ before >> 8;
            }
        }
    }
};

inline const CrcTables& crc_tables() {
    static const CrcTables tables;
    return tables;
}

// Eight bytes at a time, without the inversions before and after. Little-endian machines.
inline uint32_t crc_by_tables(const char* data, size_t length, uint32_t crc) {
    const auto& of = crc_tables().of;
    while (length >= 8) {
        uint64_t word;
        std::memcpy(&word, data, sizeof word);
        word ^= crc;
        crc = of[7][word & 0xFF] ^ of[6][word >> 8 & 0xFF] ^ of[5][word >> 16 & 0xFF] ^
              of[4][word >> 24 & 0xFF] ^ of[3][word >> 32 & 0xFF] ^ of[2][word >> 40 & 0xFF] ^
              of[1][word >> 48 & 0xFF] ^ of[0][word >> 56];
        data += 8;
        length -= 8;
    }
    while (length--) {
        crc = of[0][(crc ^ static_cast<unsigned char>(*data++)) & 0xFF] ^ crc >> 8;
    }
    return crc;
}

#ifdef AIOCOLLECT_FOLDS

inline bool can_fold() {
    static const bool can = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
    return can;
}

// `by` has x^(n+32) and x^(n-32) modulo the polynomial, bits reversed, for a move over n bits.
__attribute__((target("pclmul,sse4.1"))) inline __m128i folded(__m128i value, __m128i by,
                                                               __m128i next) {
    const __m128i low = _mm_clmulepi64_si128(value, by, 0x00);
    const __m128i high = _mm_clmulepi64_si128(value, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

// At least 64 bytes.
__attribute__((target("pclmul,sse4.1"))) inline uint32_t crc_by_folding(const char* data,
                                                                        size_t length, uint32_t crc) {
    const __m128i by_512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
    const __m128i by_128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    const auto next = [&]() __attribute__((target("pclmul,sse4.1"))) {
        const __m128i value = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data));
        data += 16;
        length -= 16;
        return value;
    };
    __m128i a = _mm_xor_si128(next(), _mm_cvtsi32_si128(static_cast<int>(crc)));
    __m128i b = next(), c = next(), d = next();
    while (length >= 64) {
        a = folded(a, by_512, next());
        b = folded(b, by_512, next());
        c = folded(c, by_512, next());
        d = folded(d, by_512, next());
    }
    __m128i all = folded(folded(folded(a, by_128, b), by_128, c), by_128, d);
    while (length >= 16) {
        all = folded(all, by_128, next());
    }
    char rest[16];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), all);
    return crc_by_tables(data, length, crc_by_tables(rest, sizeof rest, 0));
}

#endif

}  // namespace detail

// Of `data`, going on from `crc`, as zlib.crc32(data, crc).
inline uint32_t crc32(const char* data, size_t length, uint32_t crc = 0) {
#ifdef AIOCOLLECT_FOLDS
    if (length >= 64 && detail::can_fold()) {
        return ~detail::crc_by_folding(data, length, ~crc);
    }
#endif
    return ~detail::crc_by_tables(data, length, ~crc);
}

}  // namespace aiocollect
