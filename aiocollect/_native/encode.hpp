// From records to lines: CSV and JSON Lines, byte for byte as encoders/ write them. No Python.

#pragma once

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "arena.hpp"
#include "csv_text.hpp"
#include "floats.hpp"
#include "halves.hpp"
#include "ids.hpp"

namespace aiocollect {

enum class Format : uint8_t { kCsv, kJsonl };

// How the rows of one stream are written.
struct Form {
    Format format = Format::kCsv;
    bool ids = true;
    std::string end;                  // constants, the bracket, the newline
    std::vector<std::string> frames;  // JSON Lines: what comes before each cell
};

// Bytes that grow. Nothing is written before it is needed, unlike in a vector.
class Bytes {
  public:
    Bytes() = default;
    Bytes(Bytes&& other) noexcept { swap(other); }
    Bytes& operator=(Bytes&&) = delete;
    ~Bytes() { std::free(data_); }

    void swap(Bytes& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(room_, other.room_);
    }
    // Empty, with what memory it has, unless that is much.
    void clear(size_t much) {
        size_ = 0;
        if (room_ > much) {
            Bytes gone;
            swap(gone);
        }
    }

    char* room(size_t more) {
        if (room_ - size_ < more) {
            const size_t room = (size_ + more) * 2;
            void* larger = std::realloc(data_, room);
            if (!larger) {
                throw std::bad_alloc();
            }
            data_ = static_cast<char*>(larger);
            room_ = room;
        }
        return data_ + size_;
    }
    void end(const char* at) { size_ = static_cast<size_t>(at - data_); }
    const char* data() const { return data_; }
    size_t size() const { return size_; }
    size_t capacity() const { return room_; }

  private:
    char* data_ = nullptr;
    size_t size_ = 0, room_ = 0;
};

namespace detail {

inline char* put(char* out, const char* text, size_t length) {
    std::memcpy(out, text, length);
    return out + length;
}

template <size_t n>
char* put(char* out, const char (&text)[n]) {
    return put(out, text, n - 1);
}

inline char* number(char* out, double value, Format format) {
    if (std::isfinite(value)) {
        return write_double(out, value);
    }
    if (format == Format::kCsv) {
        return std::isnan(value) ? put(out, "NaN") : value > 0 ? put(out, "inf") : put(out, "-inf");
    }
    return std::isnan(value) ? put(out, "\"NaN\"")
           : value > 0       ? put(out, "\"Infinity\"")
                             : put(out, "\"-Infinity\"");
}

// An ASCII text as a JSON string, escaped as orjson does; `out` has room for 6 * length + 2.
inline char* json_string(char* out, const char* text, size_t length) {
    *out++ = '"';
    for (size_t i = 0; i < length; ++i) {
        const unsigned char c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') {
            *out++ = static_cast<char>(c);
            continue;
        }
        *out++ = '\\';
        switch (c) {
            case '"': *out++ = '"'; break;
            case '\\': *out++ = '\\'; break;
            case '\b': *out++ = 'b'; break;
            case '\t': *out++ = 't'; break;
            case '\n': *out++ = 'n'; break;
            case '\f': *out++ = 'f'; break;
            case '\r': *out++ = 'r'; break;
            default:
                out = put(out, "u00");
                *out++ = kHex[c >> 4];
                *out++ = kHex[c & 15];
        }
    }
    *out++ = '"';
    return out;
}

}  // namespace detail

namespace detail {

template <class T>
T load(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

inline char* array_cell(char* out, const char* at, Type type, Format format) {
    switch (type) {
        case Type::kBool: return *at ? put(out, "true") : put(out, "false");
        case Type::kInt8: return write_int(out, load<int8_t>(at));
        case Type::kUint8: return write_uint(out, load<uint8_t>(at));
        case Type::kInt16: return write_int(out, load<int16_t>(at));
        case Type::kUint16: return write_uint(out, load<uint16_t>(at));
        case Type::kInt32: return write_int(out, load<int32_t>(at));
        case Type::kUint32: return write_uint(out, load<uint32_t>(at));
        case Type::kInt64: return write_int(out, load<int64_t>(at));
        case Type::kUint64: return write_uint(out, load<uint64_t>(at));
        case Type::kHalf: return number(out, double_of_half(load<uint16_t>(at)), format);
        case Type::kFloat: {
            const float value = load<float>(at);
            return std::isfinite(value) ? write_float(out, value) : number(out, value, format);
        }
        case Type::kDouble: return number(out, load<double>(at), format);
    }
    return out;
}

// One cell of a kCells record; moves `cell` on.
inline char* tagged_cell(char* out, const char*& cell, Format format) {
    const Tag tag = static_cast<Tag>(*cell++);
    switch (tag) {
        case Tag::kNone: return format == Format::kCsv ? out : put(out, "null");
        case Tag::kFalse: return put(out, "false");
        case Tag::kTrue: return put(out, "true");
        case Tag::kDouble:
            cell += sizeof(double);
            return number(out, load<double>(cell - sizeof(double)), format);
        case Tag::kInt:
            cell += sizeof(int64_t);
            return write_int(out, load<int64_t>(cell - sizeof(int64_t)));
        case Tag::kText: {
            const uint32_t length = load<uint32_t>(cell);
            const char* text = cell + sizeof length;
            cell = text + length;
            return format == Format::kCsv ? write_field(out, text, length)
                                          : json_string(out, text, length);
        }
    }
    return out;
}

}  // namespace detail

// Writes `count` rows of a record from its `done`-th on; `lengths` gets the bytes of each. May throw
// std::bad_alloc.
inline void write_lines(Record* record, uint32_t count, const Form& form, const Ids& ids,
                        Moments& moments, Bytes& out, std::vector<uint32_t>& lengths) {
    using detail::put;
    const bool csv = form.format == Format::kCsv;
    const bool array = record->kind == Kind::kArray;
    const size_t step = array ? kTypeSize[static_cast<int>(record->type)] : 0;
    const char* cell = record->cells() + size_t{record->done} * record->width * step;
    // A text may become six times as long, a number is at most kFloatText.
    size_t most = form.end.size() + 160 + record->id_size * size_t{6};
    most += array ? record->width * size_t{kFloatText + 1}
                  : record->size * size_t{6} + record->width * 24;
    for (const std::string& frame : form.frames) {
        most += frame.size();
    }
    // The id and the moment are the same for all rows.
    char said[2 * kIdText + 64];
    char* said_end = said;
    if (form.ids && !record->id_size) {
        if (csv) {
            *said_end++ = ',';
            ids.write(said_end, record->time, record->counter);
            said_end += kIdText;
            *said_end++ = ',';
        } else {
            said_end = put(said_end, ",\"$aml_dc_correlation_id\":\"");
            ids.write(said_end, record->time, record->counter);
            said_end += kIdText;
            *said_end++ = '"';
        }
    }
    char moment[26];
    if (form.ids) {
        moments.write(moment, record->time);
    }
    for (uint32_t row = 0; row < count; ++row) {
        char* at = out.room(most);
        const char* begin = at;
        for (uint32_t column = 0; column < record->width; ++column) {
            if (!csv) {
                at = put(at, form.frames[column].data(), form.frames[column].size());
            } else if (column) {
                *at++ = ',';
            }
            if (array) {
                at = detail::array_cell(at, cell, record->type, form.format);
                cell += step;
            } else {
                at = detail::tagged_cell(at, cell, form.format);
            }
        }
        if (form.ids) {
            if (!record->id_size) {
                at = put(at, said, static_cast<size_t>(said_end - said));
            } else if (csv) {
                *at++ = ',';
                at = write_field(at, record->id(), record->id_size);
                *at++ = ',';
            } else {
                at = put(at, ",\"$aml_dc_correlation_id\":");
                at = detail::json_string(at, record->id(), record->id_size);
            }
            if (csv) {
                at = put(at, moment, sizeof moment);
                *at++ = ',';
            } else {
                at = put(at, ",\"$aml_dc_scoring_timestamp\":\"");
                at = put(at, moment, sizeof moment);
                at = put(at, "\",\"$aml_dc_row\":");
            }
            at = write_uint(at, uint64_t{record->first} + record->done + row);
        } else if (csv && at == begin && form.end.size() == 1) {
            at = put(at, "\"\"");  // a blank line would vanish in readers
        }
        at = put(at, form.end.data(), form.end.size());
        out.end(at);
        lengths.push_back(static_cast<uint32_t>(at - begin));
    }
}

}  // namespace aiocollect
