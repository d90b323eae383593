// Encoded rows as Python sees them: _core/lines.py says what they are.

#pragma once

#include "objects.hpp"

namespace aiocollect {

struct Lines {
    PyObject_HEAD
    PyObject* data;     // bytes
    PyObject* lengths;  // bytes: a uint32_t for each row
    uint32_t crc;       // of data, once it is known
    char has_crc;

    size_t rows() const { return static_cast<size_t>(PyBytes_GET_SIZE(lengths)) / sizeof(uint32_t); }
    size_t size() const { return static_cast<size_t>(PyBytes_GET_SIZE(data)); }
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

}  // namespace aiocollect
