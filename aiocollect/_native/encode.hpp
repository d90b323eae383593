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

// What comes before each cell in JSON Lines.
class Frames {
  public:
    void add(const char* text, size_t length) {
        text_.insert(size(), text, length);
        ends_.push_back(size() + length);
    }
    size_t size() const { return ends_.empty() ? 0 : ends_.back(); }
    // Writes to at least kAtOnce bytes: most frames are no longer, and take one move then.
    char* write(char* out, size_t column) const {
        const size_t begin = column ? ends_[column - 1] : 0, length = ends_[column] - begin;
        std::memcpy(out, text_.data() + begin, kAtOnce);
        if (length > kAtOnce) {
            std::memcpy(out, text_.data() + begin, length);
        }
        return out + length;
    }

  private:
    static constexpr size_t kAtOnce = 16;
    std::string text_ = std::string(kAtOnce, ' ');  // so many spaces stay behind the last one
    std::vector<size_t> ends_;
};

// How the rows of one stream are written.
struct Form {
    Format format = Format::kCsv;
    bool ids = true;
    std::string end;  // constants, the bracket, the newline
    Frames frames;
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

// A number that prepared() finds no digits of.
inline char* rare_number(char* out, double value, Format format) {
    if (std::isfinite(value)) {
        return write_rare(out, value);
    }
    if (format == Format::kCsv) {
        return std::isnan(value) ? put(out, "NaN") : value > 0 ? put(out, "inf") : put(out, "-inf");
    }
    return std::isnan(value) ? put(out, "\"NaN\"")
           : value > 0       ? put(out, "\"Infinity\"")
                             : put(out, "\"-Infinity\"");
}

inline char* number(char* out, double value, Format format) {
    const Prepared found = prepared(value);
    return found.digits ? write_prepared(out, found) : rare_number(out, value, format);
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

inline char* before_cell(char* out, uint32_t column, const Form& form) {
    if (form.format == Format::kJsonl) {
        return form.frames.write(out, column);
    }
    *out = ',';
    return out + (column > 0);
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

// Doubles, each behind its frame or a comma. The digits of several are found before the first one is
// written: the processor works on two numbers at once then, which is a tenth less time.
inline char* doubles(char* out, const char* cells, uint32_t width, const Form& form) {
    constexpr uint32_t kAtOnce = 16;
    Prepared found[kAtOnce];
    for (uint32_t first = 0; first < width; first += kAtOnce) {
        const uint32_t count = width - first < kAtOnce ? width - first : kAtOnce;
        const char* const from = cells + first * sizeof(double);
        for (uint32_t i = 0; i < count; ++i) {
            found[i] = prepared(load<double>(from + i * sizeof(double)));
        }
        for (uint32_t i = 0; i < count; ++i) {
            out = before_cell(out, first + i, form);
            out = found[i].digits ? write_prepared(out, found[i])
                                  : rare_number(out, load<double>(from + i * sizeof(double)), form.format);
        }
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

// The id and the moment of a call, with what stands around them.
inline char* write_stamp(char* out, Record* record, Format format, const Ids& ids, Moments& moments) {
    const bool csv = format == Format::kCsv;
    out = csv ? put(out, ",") : put(out, ",\"$aml_dc_correlation_id\":");
    if (record->id_size) {
        out = csv ? write_field(out, record->id(), record->id_size)
                  : json_string(out, record->id(), record->id_size);
    } else {
        *out = '"';
        out += !csv;
        ids.write(out, record->time, record->counter);
        out += kIdText;
        *out = '"';
        out += !csv;
    }
    out = csv ? put(out, ",") : put(out, ",\"$aml_dc_scoring_timestamp\":\"");
    moments.write(out, record->time);
    out += kMoment;
    return csv ? put(out, ",") : put(out, "\",\"$aml_dc_row\":");
}

}  // namespace detail

// Writes `count` rows of a record from its `done`-th on; `lengths` gets the bytes of each. May throw
// std::bad_alloc.
inline void write_lines(Record* record, uint32_t count, const Form& form, const Ids& ids,
                        Moments& moments, Bytes& out, std::vector<uint32_t>& lengths) {
    using detail::put;
    const bool csv = form.format == Format::kCsv;
    const bool array = record->kind == Kind::kArray;
    const bool doubles = array && record->type == Type::kDouble;
    const size_t step = array ? kTypeSize[static_cast<int>(record->type)] : 0;
    const char* cell = record->cells() + size_t{record->done} * record->width * step;
    // A text may become six times as long, a number is at most kFloatText.
    size_t most = form.end.size() + 160 + record->id_size * size_t{6};
    most += array ? record->width * size_t{kFloatText + 1}
                  : record->size * size_t{6} + record->width * 24;
    most += form.frames.size();
    size_t stamp_at = 0, stamp_size = 0;  // in the first row; it is the same for all
    for (uint32_t row = 0; row < count; ++row) {
        char* at = out.room(most);
        const char* begin = at;
        if (doubles) {
            at = detail::doubles(at, cell, record->width, form);
            cell += record->width * step;
        }
        for (uint32_t column = 0; column < record->width && !doubles; ++column) {
            at = detail::before_cell(at, column, form);
            if (array) {
                at = detail::array_cell(at, cell, record->type, form.format);
                cell += step;
            } else {
                at = detail::tagged_cell(at, cell, form.format);
            }
        }
        if (form.ids) {
            if (row) {
                at = put(at, out.data() + stamp_at, stamp_size);
            } else {
                char* const from = at;
                at = detail::write_stamp(at, record, form.format, ids, moments);
                stamp_at = static_cast<size_t>(from - out.data());
                stamp_size = static_cast<size_t>(at - from);
            }
            at = write_uint(at, uint64_t{record->first} + record->done + row);
        } else if (csv && at == begin && form.end.size() == 1) {
            at = put(at, "\"\"");  // a blank line would vanish in readers
        }
        *at = form.end[0];
        at = form.end.size() == 1 ? at + 1 : put(at, form.end.data(), form.end.size());
        out.end(at);
        lengths.push_back(static_cast<uint32_t>(at - begin));
    }
}

}  // namespace aiocollect
