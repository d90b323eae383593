// Encoded rows as Python sees them: _core/lines.py says what they are.

#pragma once

#include "objects.hpp"

namespace aiocollect {

struct Lines {
    PyObject_HEAD
    PyObject* data;     // bytes; nullptr as long as nobody in Python has asked for them:
    Bytes text;         // then they are here, in memory that is used again and again
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

// Memory for encoded bytes, mostly that of Lines that are gone: new memory costs the kernel as much
// as encoding a tenth of what fits into it. Under the GIL.
void take_memory(Bytes& text);
void give_memory(Bytes& text);

}  // namespace aiocollect
