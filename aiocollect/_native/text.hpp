// Text of Python's as UTF-8, without a call that could run anybody's code.

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstring>

namespace aiocollect {

// Whether it is text whose characters can be read here. Half of a surrogate pair has no UTF-8.
inline bool is_text(PyObject* object) {
    return PyUnicode_CheckExact(object) && PyUnicode_IS_COMPACT(object);
}

// Bytes of the text as UTF-8; -1: it has half of a surrogate pair.
inline Py_ssize_t utf8_size(PyObject* text) {
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (PyUnicode_IS_ASCII(text)) {
        return length;
    }
    const int kind = PyUnicode_KIND(text);
    const void* data = PyUnicode_DATA(text);
    Py_ssize_t size = length;
    for (Py_ssize_t i = 0; i < length; ++i) {
        const Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c >= 0xD800 && c < 0xE000) {
            return -1;
        }
        size += (c >= 0x80) + (c >= 0x800) + (c >= 0x10000);
    }
    return size;
}

// Writes the text, for which there is room for utf8_size() bytes; returns the end.
inline char* write_utf8(char* out, PyObject* text) {
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    const int kind = PyUnicode_KIND(text);
    const void* data = PyUnicode_DATA(text);
    if (PyUnicode_IS_ASCII(text)) {
        std::memcpy(out, data, static_cast<size_t>(length));
        return out + length;
    }
    for (Py_ssize_t i = 0; i < length; ++i) {
        const Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c < 0x80) {
            *out++ = static_cast<char>(c);
            continue;
        }
        if (c < 0x800) {
            *out++ = static_cast<char>(0xC0 | c >> 6);
        } else {
            if (c < 0x10000) {
                *out++ = static_cast<char>(0xE0 | c >> 12);
            } else {
                *out++ = static_cast<char>(0xF0 | c >> 18);
                *out++ = static_cast<char>(0x80 | (c >> 12 & 0x3F));
            }
            *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
        }
        *out++ = static_cast<char>(0x80 | (c & 0x3F));
    }
    return out;
}

}  // namespace aiocollect
