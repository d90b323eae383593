// Which text needs quotes in CSV: the rule of encoders/csv.py. Whatever a reader could take for a
// number, a date, a truth value or something missing is quoted, and what would break the line. The
// regular expressions there are written out by hand here, and tested beside each other.
//
// The rule asks little of characters beyond ASCII: whether one is a digit of another script, white
// space, or U+FEFF. So such text is folded first, a byte for each character, and judged as ASCII.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace aiocollect {

// The decimal digits and the white space beyond ASCII, as the Python that runs has them.
struct Characters {
    static constexpr uint32_t kEnd = 0x20000;  // there are none beyond
    uint8_t digits[kEnd / 8] = {}, spaces[kEnd / 8] = {};

    static bool has(const uint8_t* of, uint32_t c) { return c < kEnd && of[c / 8] >> c % 8 & 1; }
    static void add(uint8_t* to, uint32_t c) { to[c / 8] |= static_cast<uint8_t>(1 << c % 8); }
};
inline Characters characters;

namespace detail {

// What folded text has in place of characters beyond ASCII: any digit but 0, which begins 0x; white
// space that is no blank, which parts a date from its time; a control character; a letter.
constexpr char kWideDigit = '1', kWideSpace = '\x80', kWideControl = '\x7f', kWideLetter = '\x81';

// Valid UTF-8, a byte for each character.
inline void fold(const char* text, size_t length, std::string& out) {
    out.clear();
    for (size_t i = 0; i < length;) {
        const unsigned char first = static_cast<unsigned char>(text[i++]);
        if (first < 0x80) {
            out.push_back(static_cast<char>(first));
            continue;
        }
        uint32_t c = first & (first < 0xE0 ? 0x1F : first < 0xF0 ? 0x0F : 0x07);
        for (; i < length && (text[i] & 0xC0) == 0x80; ++i) {
            c = c << 6 | (text[i] & 0x3F);
        }
        out.push_back(Characters::has(characters.digits, c)   ? kWideDigit
                      : Characters::has(characters.spaces, c) ? kWideSpace
                      : c == 0xFEFF                           ? kWideControl
                                                              : kWideLetter);
    }
}

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
inline bool is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
// What str.strip() takes away.
inline bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f) || c == kWideSpace;
}

struct Word {
    const char* text;
    size_t length;
};

inline bool is_word(const char* text, size_t length) {
    static constexpr Word kWords[] = {
        {"na", 2},     {"n/a", 3},     {"#na", 3},     {"#n/a", 4},     {"#n/a n/a", 8},
        {"<na>", 4},   {"nan", 3},     {"nat", 3},     {"null", 4},     {"nil", 3},
        {"none", 4},   {"true", 4},    {"false", 5},   {"inf", 3},      {"infinity", 8},
        {"\\n", 2},    {"1.#ind", 6},  {"1.#inf", 6},  {"1.#qnan", 7},  {"1.#snan", 7},
    };
    if (length && (*text == '+' || *text == '-')) {
        ++text;
        --length;
    }
    if (length < 2 || length > 8) {
        return false;
    }
    char small[8];
    for (size_t i = 0; i < length; ++i) {
        small[i] = lower(text[i]);
    }
    for (const Word& word : kWords) {
        if (word.length == length && std::memcmp(word.text, small, length) == 0) {
            return true;
        }
    }
    return false;
}

// Digits and underscores from `at` on.
inline size_t digits_from(const char* text, size_t length, size_t at) {
    while (at < length && (is_digit(text[at]) || text[at] == '_')) {
        ++at;
    }
    return at;
}

inline bool is_number(const char* text, size_t length) {
    size_t at = 0;
    if (at < length && (text[at] == '+' || text[at] == '-')) {
        ++at;
    }
    if (at >= length || !(is_digit(text[at]) || text[at] == '.')) {
        return false;
    }
    if (text[at] == '0' && at + 1 < length) {
        const char base = lower(text[at + 1]);
        if (base == 'x') {
            size_t end = at + 2;
            while (end < length && (is_hex(text[end]) || text[end] == '_' || text[end] == '.')) {
                ++end;
            }
            if (end < length && lower(text[end]) == 'p') {
                ++end;
                if (end < length && (text[end] == '+' || text[end] == '-')) {
                    ++end;
                }
                while (end < length && is_digit(text[end])) {
                    ++end;
                }
            }
            return end == length;
        }
        if (base == 'o' || base == 'b') {
            // 0b alone may also be a number: a zero with a suffix is none of those below.
            return digits_from(text, length, at + 2) == length;
        }
    }
    if (is_digit(text[at])) {
        at = digits_from(text, length, at);
        if (at < length && text[at] == '.') {
            at = digits_from(text, length, at + 1);
        }
    } else {
        if (at + 1 >= length || !is_digit(text[at + 1])) {
            return false;
        }
        at = digits_from(text, length, at + 1);
    }
    if (at < length) {
        const char mark = lower(text[at]);
        if (mark == 'e' || mark == 'd' || mark == 'q') {
            size_t next = at + 1;
            if (next < length && (text[next] == '+' || text[next] == '-')) {
                ++next;
            }
            if (next < length && is_digit(text[next])) {
                at = digits_from(text, length, next);
            }
        }
    }
    if (at < length) {
        const char suffix = lower(text[at]);
        if (suffix == 'd' || suffix == 'f' || suffix == 'j' || suffix == 'l' || suffix == '%') {
            ++at;
        }
    }
    return at == length;
}

inline bool is_date(const char* text, size_t length) {
    static constexpr char kForm[] = "dddd-dd-dd";
    if (length < 10) {
        return false;
    }
    for (size_t i = 0; i < 10; ++i) {
        if (kForm[i] == 'd' ? !is_digit(text[i]) : text[i] != '-') {
            return false;
        }
    }
    if (length == 10) {
        return true;
    }
    if (length < 13 || (lower(text[10]) != 't' && text[10] != ' ') || !is_digit(text[11]) ||
        !is_digit(text[12])) {
        return false;
    }
    size_t at = 13;
    while (at < length && (is_digit(text[at]) || text[at] == ':' || text[at] == '.' || text[at] == ',')) {
        ++at;
    }
    if (at == length) {
        return true;
    }
    if (lower(text[at]) == 'z') {
        return at + 1 == length;
    }
    if ((text[at] != '+' && text[at] != '-') || at + 2 >= length || !is_digit(text[at + 1]) ||
        !is_digit(text[at + 2])) {
        return false;
    }
    at += 3;
    while (at < length && (is_digit(text[at]) || text[at] == ':' || text[at] == '.')) {
        ++at;
    }
    return at == length;
}

}  // namespace detail

// Whether text of ASCII, or folded text, goes in quotes.
inline bool needs_quotes_here(const char* text, size_t length) {
    if (length == 0 || detail::is_space(text[0]) || detail::is_space(text[length - 1])) {
        return true;
    }
    for (size_t i = 0; i < length; ++i) {
        const unsigned char c = static_cast<unsigned char>(text[i]);
        if (c == ',' || c == '"' || c < 0x20 || c == 0x7f) {
            return true;
        }
    }
    return detail::is_word(text, length) || detail::is_number(text, length) ||
           detail::is_date(text, length);
}

// Whether text goes in quotes. UTF-8.
inline bool needs_quotes(const char* text, size_t length) {
    for (size_t i = 0; i < length; ++i) {
        if (text[i] & 0x80) {
            static thread_local std::string folded;
            detail::fold(text, length, folded);
            return needs_quotes_here(folded.data(), folded.size());
        }
    }
    return needs_quotes_here(text, length);
}

// Writes a field; `out` has room for 2 * length + 2 bytes.
inline char* write_field(char* out, const char* text, size_t length) {
    if (!needs_quotes(text, length)) {
        std::memcpy(out, text, length);
        return out + length;
    }
    *out++ = '"';
    for (size_t i = 0; i < length; ++i) {
        if (text[i] == '"') {
            *out++ = '"';
        }
        *out++ = text[i];
    }
    *out++ = '"';
    return out;
}

}  // namespace aiocollect
