// CRC-32 of zlib and PNG (RFC 1952, section 8), eight bytes at a time. No Python.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

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

}  // namespace detail

// Of `data`, going on from `crc`, as zlib.crc32(data, crc). Little-endian machines.
inline uint32_t crc32(const char* data, size_t length, uint32_t crc = 0) {
    const auto& of = detail::crc_tables().of;
    crc = ~crc;
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
    return ~crc;
}

}  // namespace aiocollect
