// Correlation ids and scoring times of one writer: _core/ids.py says what they are. No Python.

#pragma once

#include <cstdint>
#include <cstring>

#include "digits.hpp"

namespace aiocollect {

constexpr int64_t kHour = 3'600'000'000;  // in microseconds
// Where the clock is set back by more, it was wrong before, and is followed.
constexpr int64_t kStep = 60'000'000;
constexpr size_t kIdText = 36, kMoment = 26;

class Ids {
  public:
    char writer[10];

    // `now` in microseconds, or the next moment that this writer has not given out yet.
    int64_t would_be(int64_t now) const {
        return free_ - kStep <= now && now < free_ ? free_ : now;
    }
    int64_t time(int64_t now) {
        now = would_be(now);
        free_ = now + 1;
        return now;
    }

    uint32_t next() { return counter_++ & 0xFFFFFFF; }

    // The text of an id: 36 characters.
    void write(char* out, int64_t time, uint32_t counter) const {
        const uint64_t ms = static_cast<uint64_t>(floor_div(time, 1000)) & 0xFFFFFFFFFFFF;
        const uint64_t begin = hex_text(static_cast<uint32_t>(ms >> 16));
        const uint64_t middle = hex_text(static_cast<uint32_t>(ms << 16 | 0x8000 | (counter >> 16 & 0xFFF)));
        const uint64_t end = hex_text(counter << 16);
        std::memcpy(out, &begin, 8);
        out[8] = out[13] = out[23] = '-';
        std::memcpy(out + 9, &middle, 4);
        const uint64_t rest = middle >> 32;
        std::memcpy(out + 14, &rest, 4);
        std::memcpy(out + 18, "-ac", 3);
        std::memcpy(out + 21, writer, 2);
        std::memcpy(out + 24, writer + 2, 8);
        std::memcpy(out + 32, &end, 4);
    }

    static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

  private:
    int64_t free_ = 0;
    uint32_t counter_ = 0;
};

// The hour since 1970 that one of our ids carries; -1 for anybody else's. Ours are in small letters.
inline int64_t hour_of_id(const char* text, size_t length) {
    constexpr int64_t kLastHour = 2'932'897 * int64_t{24};  // 10000-01-01
    if (length != kIdText || text[14] != '8' || std::memcmp(text + 18, "-ac", 3) != 0) {
        return -1;
    }
    uint64_t ms = 0;
    for (size_t i = 0; i < kIdText; ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') {
                return -1;
            }
            continue;
        }
        const char c = text[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) {
            return -1;
        }
        if (i < 13) {
            ms = ms << 4 | static_cast<uint64_t>(digit);
        }
    }
    const int64_t hour = static_cast<int64_t>(ms / 3'600'000);
    return hour < kLastHour ? hour : -1;
}

// Microseconds since 1970 as naive UTC ISO 8601 with six decimals: 26 characters. The text of the
// last second is kept, since under load a second has thousands of calls.
class Moments {
  public:
    void write(char* out, int64_t time) {
        const int64_t second = Ids::floor_div(time, 1'000'000);
        if (second != second_) {
            second_ = second;
            begin(second);
        }
        std::memcpy(out, text_, 20);
        const uint64_t micros = static_cast<uint64_t>(time - second * 1'000'000);
        const uint64_t six = (eight_digits(micros) | 0x3030'3030'3030'3030) >> 16;
        std::memcpy(out + 20, &six, 6);
    }

  private:
    int64_t second_ = INT64_MIN;
    char text_[20];

    void begin(int64_t second) {
        // Howard Hinnant, "chrono-compatible low-level date algorithms": civil_from_days.
        const int64_t days = Ids::floor_div(second, 86'400) + 719'468;
        uint32_t rest = static_cast<uint32_t>(second - (days - 719'468) * 86'400);
        const int64_t era = Ids::floor_div(days, 146'097);
        const uint32_t doe = static_cast<uint32_t>(days - era * 146'097);
        const uint32_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
        const uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        const uint32_t mp = (5 * doy + 2) / 153;
        const uint32_t day = doy - (153 * mp + 2) / 5 + 1;
        const uint32_t month = mp < 10 ? mp + 3 : mp - 9;
        const uint32_t year = static_cast<uint32_t>(yoe + era * 400 + (month <= 2));
        put(0, year / 100);
        put(2, year % 100);
        text_[4] = '-';
        put(5, month);
        text_[7] = '-';
        put(8, day);
        text_[10] = 'T';
        put(11, rest / 3600);
        text_[13] = ':';
        put(14, rest / 60 % 60);
        text_[16] = ':';
        put(17, rest % 60);
        text_[19] = '.';
    }

    void put(int at, uint32_t two) {
        text_[at] = static_cast<char>('0' + two / 10 % 10);
        text_[at + 1] = static_cast<char>('0' + two % 10);
    }
};

}  // namespace aiocollect
