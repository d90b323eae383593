// The arrays of numpy whose numbers can be copied as they are.

#pragma once

#include <algorithm>

#include "objects.hpp"

namespace aiocollect {

// The heads of numpy's arrays and dtypes, which are the same in numpy 1 and 2.
struct Array {  // PyArrayObject_fields
    PyObject_HEAD
    char* data;
    int dimensions;
    Py_ssize_t* lengths;
    Py_ssize_t* strides;
    PyObject* base;
    PyObject* dtype;
};
struct Dtype {  // PyArray_Descr
    PyObject_HEAD
    PyTypeObject* scalar;
    char kind, letter, byte_order;
};

inline bool type_of(const Array* array, Type& type) {
    switch (self_as<Dtype>(array->dtype)->letter) {
        case '?': type = Type::kBool; return true;
        case 'b': type = Type::kInt8; return true;
        case 'B': type = Type::kUint8; return true;
        case 'h': type = Type::kInt16; return true;
        case 'H': type = Type::kUint16; return true;
        case 'i': type = Type::kInt32; return true;
        case 'I': type = Type::kUint32; return true;
        case 'l': type = sizeof(long) == 8 ? Type::kInt64 : Type::kInt32; return true;
        case 'L': type = sizeof(long) == 8 ? Type::kUint64 : Type::kUint32; return true;
        case 'q': type = Type::kInt64; return true;
        case 'Q': type = Type::kUint64; return true;
        case 'e': type = Type::kHalf; return true;
        case 'f': type = Type::kFloat; return true;
        case 'd': type = Type::kDouble; return true;
        default: return false;
    }
}

// Copies `rows` rows of `width` numbers; `as_column`: an array of one dimension is a column.
inline void copy_array(char* out, const Array* array, Type type, Py_ssize_t rows, Py_ssize_t width,
                       bool as_column) {
    const Py_ssize_t step = static_cast<Py_ssize_t>(kTypeSize[static_cast<int>(type)]);
    const Py_ssize_t line = width * step;
    const int last = array->dimensions - 1;
    const Py_ssize_t across = as_column ? step : array->strides[last];
    const Py_ssize_t down = last || as_column ? array->strides[0] : line;
    char* const begin = out;
    if (across == step && (down == line || rows == 1)) {
        std::memcpy(out, array->data, static_cast<size_t>(line * rows));
    } else {
        for (Py_ssize_t row = 0; row < rows; ++row) {
            const char* from = array->data + down * row;
            if (across == step) {
                std::memcpy(out, from, static_cast<size_t>(line));
                out += line;
                continue;
            }
            for (Py_ssize_t i = 0; i < width; ++i) {
                std::memcpy(out, from + across * i, static_cast<size_t>(step));
                out += step;
            }
        }
    }
    constexpr char kForeign = PY_BIG_ENDIAN ? '<' : '>';
    if (self_as<Dtype>(array->dtype)->byte_order == kForeign && step > 1) {
        for (char* at = begin; at < begin + line * rows; at += step) {
            std::reverse(at, at + step);
        }
    }
}

}  // namespace aiocollect
