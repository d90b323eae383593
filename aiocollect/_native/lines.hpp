// Encoded rows as Python sees them: _core/lines.py says what they are.

#pragma once

#include "objects.hpp"

namespace aiocollect {

struct Lines {
    PyObject_HEAD
    PyObject* data;     // bytes; nullptr as long as nobody in Python has asked for them:
    Bytes text;         // then they are here, in memory that is used again and again
    size_t capacity;    // what `data` was made for, where it can be used again; else 0
    PyObject* lengths;  // bytes: a uint32_t for each row
    uint32_t crc;       // of the bytes, once it is known
    char has_crc;

    size_t rows() const { return static_cast<size_t>(PyBytes_GET_SIZE(lengths)) / sizeof(uint32_t); }
    size_t size() const {
        return data ? static_cast<size_t>(PyBytes_GET_SIZE(data)) : text.size();
    }
    const char* begin() const { return data ? PyBytes_AS_STRING(data) : text.data(); }
    uint32_t length(size_t row) const {
        uint32_t length;
        std::memcpy(&length, PyBytes_AS_STRING(lengths) + row * sizeof length, sizeof length);
        return length;
    }
};

extern PyTypeObject *lines_type, *open_lines_type;
extern const size_t open_lines_size;
extern PyType_Slot lines_slots[], open_lines_slots[];

// A new one; it takes both references over, also where it fails. nullptr stands for no memory.
PyObject* new_lines(PyObject* data, PyObject* lengths);
// The same, of encoded bytes, which it takes over where it succeeds.
PyObject* new_lines(Bytes& text, PyObject* lengths);

// How many bytes the first rows have; and how many of them have at most so many together.
size_t offset_of(const Lines* lines, size_t row);
size_t fitting(const Lines* lines, int64_t size);

// Memory for encoded bytes, mostly that of Lines that are gone: new memory costs the kernel as much
// as encoding a tenth of what fits into it. Under the GIL.
void take_memory(Bytes& text);
void give_memory(Bytes& text);

// The same for the bytes of whole blocks, which stores get: those are used again that nobody else
// refers to any more. take_block() may give nullptr, without an error; give_block() takes over
// `bytes`, that were made for `capacity`.
PyObject* take_block(size_t size, size_t& capacity);
void give_block(PyObject* bytes, size_t capacity);

}  // namespace aiocollect
